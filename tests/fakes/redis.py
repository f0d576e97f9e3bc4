"""A Redis that is not there."""


class Away:
    """Whatever it is asked, nobody answers."""

    async def get(self, name: str, /) -> bytes:
        raise ConnectionError("nobody there")

    async def set(self, name: str, value: bytes, /, *, px: int) -> None:
        raise ConnectionError("nobody there")

    async def eval(self, script: str, numkeys: int, /, *keys_and_args: object) -> int:
        raise ConnectionError("nobody there")

    async def aclose(self) -> None: ...
