"""What may be wrong with the embedded PostgreSQL, said so that a sysadmin can act on it."""


class EngineError(Exception):
    """The embedded PostgreSQL cannot be used: a sentence that says why, and a hint what to do."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(f"{sentence}. {hint}")
        self.sentence = sentence
        self.hint = hint
