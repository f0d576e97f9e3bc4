"""The actor runtime: mailbox, dispatch, settling, supervision. Actors themselves live in actors/."""
