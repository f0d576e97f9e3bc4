"""What people agree to, word for word, with the version by which we can show it again.

The one rule: a text that was agreed to is never changed; another text is another version.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A text that is shown beside what is ticked."""

    version: str
    text: str


KEEP_MEANS = Consent(
    version="keep-means-1",
    text=(
        "Keep this means of payment and charge it, without asking me again, for what remains to be paid of "
        "this booking and of others that I choose it for. I can withdraw this at any time."
    ),
)
"""Beside the choice to have a means of payment kept."""
