"""The fields that requests are made of, with words for people and codes for programs.

Validation says everything that is wrong at once: `said` turns what marshmallow found into field errors whose
`field` is the path in the request, `passengers[1].born`. Everybody waits while a body is judged, so of one
that is nothing but mistakes the first are told.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from handlers.errors import FieldError, Problem, invalid

MOST_CODES = 50
"""In one list of a query string."""

MOST_TOLD = 100
"""Mistakes that one answer names: more than a person mends at once."""


_PLAIN = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,9})?")


class Said(str):
    """A sentence with its code; it stays one when marshmallow fills its gaps."""

    __slots__ = ("code", "hint")

    code: str
    hint: str | None

    def __new__(cls, code: str, text: str, hint: str | None = None) -> "Said":
        made = super().__new__(cls, text)
        made.code, made.hint = code, hint
        return made

    def format(self, *args: object, **kwargs: object) -> "Said":
        return Said(self.code, str.format(self, *args, **kwargs), self.hint)


UNKNOWN = Said("unknown", "There is no such field.")
MISSING = Said("required", "This is needed.")
NEEDED = {"required": MISSING, "null": MISSING}


class Request(Schema):
    """A body or a query string; what it does not know is a mistake, and the nearest name is offered."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": UNKNOWN, "type": Said("type", "This has to be an object.")}  # noqa: RUF012

    def handle_error(self, error: ValidationError, data: Any, *, many: bool, **kwargs: Any) -> None:
        messages: Any = error.messages
        known = [field.data_key or name for name, field in self.fields.items()]
        unknown = (name for name, found in messages.items() if found == [UNKNOWN])
        for name in islice(unknown, MOST_TOLD):
            messages[name] = [Said("unknown", str(UNKNOWN), did_you_mean(str(name), known))]


def did_you_mean(given: str, known: Sequence[str]) -> str:
    """The nearest known name, or all of them."""
    near = difflib.get_close_matches(given, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(known)}."


class Text(fields.String):
    """Text of bounded length, without control characters."""

    default_error_messages = {  # noqa: RUF012
        **NEEDED,
        "invalid": Said("type", "This has to be text."),
        "invalid_utf8": Said("type", "This has to be text."),
    }

    def __init__(self, *, longest: int, shortest: int = 1, any_script: bool = False, **kwargs: Any) -> None:
        """`any_script`: with what joins and parts letters in Persian or Tibetan, and is not seen itself."""
        words = f"This has {shortest} to {longest} characters."
        length = validate.Length(min=shortest, max=longest, error=Said("length", words))
        more = kwargs.pop("validate", [])
        written = _written_in_any_script if any_script else _printable
        super().__init__(validate=[length, written, *more], **kwargs)


class YesNo(fields.Boolean):
    """True or false, and no word or number that may be meant for it."""

    default_error_messages = {**NEEDED, "invalid": Said("type", "This has to be true or false.")}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Whole(fields.Integer):
    """A whole number within limits; in a query string as digits, in JSON as a number."""

    default_error_messages = {  # noqa: RUF012
        **NEEDED,
        "invalid": Said("type", "This has to be a whole number."),
        "too_large": Said("range", "This number is too large."),
    }

    def __init__(self, low: int, high: int, **kwargs: Any) -> None:
        words = Said("range", f"This has to be from {low} to {high}.")
        super().__init__(validate=validate.Range(min=low, max=high, error=words), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        """Python reads the digits of every script, underscores and spaces; we read those of ASCII."""
        if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,20}", value):
            raise self.make_error("invalid", input=value)
        number: int = super()._deserialize(value, attr, data, **kwargs)
        return number


class Real(fields.Float):
    """A number within limits, in plain digits: `48.8566`."""

    default_error_messages = {  # noqa: RUF012
        **NEEDED,
        "invalid": Said("type", "This has to be a number such as 12.5."),
        "special": Said("type", "This has to be a number such as 12.5."),
    }

    def __init__(self, low: float, high: float, **kwargs: Any) -> None:
        words = Said("range", f"This has to be from {low:g} to {high:g}.")
        super().__init__(validate=validate.Range(min=low, max=high, error=words), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or not _PLAIN.fullmatch(value):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class Day(fields.Date):
    """A date as `2026-12-24`."""

    default_error_messages = {  # noqa: RUF012
        **NEEDED,
        "invalid": Said("date", "This has to be a date as 2026-12-24."),
        "format": Said("date", "This has to be a date as 2026-12-24."),
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            raise self.make_error("invalid", input=value, obj_type="date")
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise self.make_error("invalid", input=value, obj_type="date") from error


class Choice(fields.String):
    """One of a few words."""

    default_error_messages = {**NEEDED, "invalid": Said("type", "This has to be text.")}  # noqa: RUF012

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        words = Said("choice", f"This has to be one of: {', '.join(choices)}.")
        super().__init__(validate=validate.OneOf(choices, error=words), **kwargs)


class Code(fields.String):
    """The three letters of an airport or a city (IATA), in any case."""

    default_error_messages = {**NEEDED, "invalid": Said("type", "This has to be text.")}  # noqa: RUF012

    def __init__(self, **kwargs: Any) -> None:
        words = Said("code", "This has to be a code of three letters, such as FRA.")
        super().__init__(validate=validate.Regexp(r"^\s*[A-Za-z]{3}\s*\Z", error=words), **kwargs)


class Codes(fields.List[str]):
    """Codes in one text, parted by commas, in any case: `LH,UA`.

    Loaded as a tuple in the case of the example, each code once.
    """

    default_error_messages = {**NEEDED, "invalid": Said("type", "This has to be text.")}  # noqa: RUF012

    def __init__(self, pattern: str, *, example: str, most: int = MOST_CODES, **kwargs: Any) -> None:
        self._pattern = re.compile(pattern)
        self._most = most
        self._lower = example.islower()
        self._wrong = Said("code", f"This has to be codes parted by commas, such as {example}.")
        super().__init__(fields.String(metadata={"pattern": pattern, "example": example}), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise self.make_error("invalid", input=value)
        text = value.lower() if self._lower else value.upper()
        found = dict.fromkeys(code.strip() for code in text.split(","))
        if not all(self._pattern.fullmatch(code) for code in found):
            raise ValidationError([self._wrong])
        if len(found) > self._most:
            raise ValidationError([Said("length", f"This has 1 to {self._most} codes.")])
        return tuple(found)


class Choices(fields.List[str]):
    """Some of a few words in one text, parted by commas: `city,hotel`. Loaded as a tuple, each once."""

    default_error_messages = {**NEEDED, "invalid": Said("type", "This has to be text.")}  # noqa: RUF012

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        self._choices = choices
        words = f"This has to be some of these, parted by commas: {', '.join(choices)}."
        self._wrong = Said("choice", words)
        super().__init__(fields.String(metadata={"enum": list(choices)}), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise self.make_error("invalid", input=value)
        found = tuple(dict.fromkeys(word.strip() for word in value.split(",")))
        if not set(found) <= set(self._choices):
            raise ValidationError([self._wrong])
        return found


class TrueOrFalse(fields.Boolean):
    """A yes or no in a query string: `true` or `false`, and no other word for it."""

    default_error_messages = {**NEEDED, "invalid": Said("type", "This has to be true or false.")}  # noqa: RUF012
    truthy = {"true"}  # noqa: RUF012
    falsy = {"false"}  # noqa: RUF012


class Part(fields.Nested):
    """An object within the request."""

    default_error_messages = {**NEEDED, "type": Said("type", "This has to be an object.")}  # noqa: RUF012


class Several(fields.List[Any]):
    """A list of bounded length; of one that is too long no entry is looked at."""

    default_error_messages = {**NEEDED, "invalid": Said("type", "This has to be a list.")}  # noqa: RUF012

    def __init__(self, of: fields.Field[Any], *, most: int, least: int = 1, **kwargs: Any) -> None:
        bounds = f"{least} to {most} entries" if least else f"{most} entries at most"
        self._bounds = validate.Length(min=least, max=most, error=Said("length", f"This has {bounds}."))
        super().__init__(of, validate=self._bounds, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list):
            self._bounds(value)
        return super()._deserialize(value, attr, data, **kwargs)


class Repeated(Several):
    """What may stand in a query string several times, or not at all: a list in that order."""

    def __init__(self, of: fields.Field[Any], *, most: int, **kwargs: Any) -> None:
        super().__init__(of, most=most, least=0, **kwargs)


def load(schema: Schema, given: Any) -> dict[str, Any]:
    """What was given, as the schema's values. Raises Problem with the mistakes in it, `MOST_TOLD` at most."""
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        raise invalid(*islice(said(_by_field(error)), MOST_TOLD)) from error
    return loaded


def _by_field(error: ValidationError) -> Mapping[Any, Any]:
    return error.messages if isinstance(error.messages, Mapping) else {"_schema": error.messages}


def load_query(schema: Schema, pairs: Any) -> dict[str, Any]:
    """The same for a query string, in which each name stands once, unless it is `Repeated`."""
    lists = {field.data_key or name for name, field in schema.fields.items() if isinstance(field, Repeated)}
    given = {name: pairs.getall(name) if name in lists else value for name, value in pairs.items()}
    names = sorted({name for name in pairs if name not in lists and len(pairs.getall(name)) > 1})
    if names:
        raise invalid(*(_repeated(name, schema.fields.get(name)) for name in names))
    return load(schema, given)


def _repeated(name: str, field: fields.Field[Any] | None) -> FieldError:
    """In words that are true of a query string, and of a list in a message of a WebSocket."""
    hint = "Several are one text, parted by commas." if isinstance(field, Codes | Choices) else None
    return FieldError(field=name, code="repeated", message="This is told more than once.", hint=hint)


def said(messages: Mapping[Any, Any] | Sequence[Any], path: str = "") -> Iterator[FieldError]:
    """Every mistake with the path of its field."""
    if not isinstance(messages, Mapping):
        for message in messages:
            if isinstance(message, Said):
                yield FieldError(field=path, code=message.code, message=str(message), hint=message.hint)
            else:
                yield FieldError(field=path, code="invalid", message=str(message))
        return
    for key, below in messages.items():
        yield from said(below, _step(path, key))


def _step(path: str, key: Any) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    if key == "_schema":
        return path
    return f"{path}.{key}" if path else str(key)


def _printable(text: str) -> None:
    if not text.isprintable():
        raise ValidationError([Said("characters", "This holds characters that cannot be printed.")])


def _written_in_any_script(text: str) -> None:
    """Joiners and marks of direction (Cf), and spaces that part no line (Zs), stand in names."""
    _printable("".join(letter for letter in text if unicodedata.category(letter) not in {"Cf", "Zs"}))


def refuse(field: str, code: str, message: str, hint: str | None = None) -> Problem:
    """One field that is not right."""
    return invalid(FieldError(field=field, code=code, message=message, hint=hint))
