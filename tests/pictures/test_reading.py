"""Foreign bytes: what becomes a picture of ours, what is refused, and what of a file never gets out again."""

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from bookingd.pictures.reading import Refused, read
from bookingd.pictures.sizes import MOST_SIDE, WIDTHS, Format
from bookingd.pictures.work import Made, TakeIn, do
from tests.pictures.pixels import encoded, jpeg, noise, plain, png

RED, BLUE, WHITE = (220, 40, 30), (30, 60, 220), (255, 255, 255)

SECRET = b"ThumbnailOfAPassport"
SCRIPT = b"<script>alert(document.cookie)</script>"

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><script>alert(1)</script></svg>'


def close(one: object, other: tuple[int, int, int], *, by: int = 12) -> bool:
    assert isinstance(one, tuple)
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


def refusal(given: bytes) -> str:
    with pytest.raises(Refused) as refused:
        read(given)
    return refused.value.reason


def of_mode(mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.new("I;16", (80, 60), 0x8000)
    if mode == "P":
        return plain(80, 60).quantize(8)
    if mode == "GIF":
        through = plain(80, 60).quantize(8)
        through.info["transparency"] = 0
        return through
    return plain(80, 60).convert(mode)


def attempted(given: bytes) -> str:
    """What becomes of it, where either is right."""
    try:
        return f"read {read(given).mode}"
    except Refused as refused:
        return refused.reason


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_pictures_as_people_have_them_are_read(form: str) -> None:
    options = {"lossless": True} if form == "WEBP" else {}

    taken = read(encoded(plain(80, 60), form, **options))

    assert (taken.size, taken.mode) == ((80, 60), "RGB")
    assert close(taken.getpixel((30, 50)), RED)
    assert close(taken.getpixel((70, 50)), BLUE)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "I;16", "GIF"])
def test_odd_sorts_of_pixels_become_usual_ones(mode: str) -> None:
    form = {"CMYK": "JPEG", "GIF": "GIF"}.get(mode, "PNG")

    taken = read(encoded(of_mode(mode), form))

    assert (taken.size, taken.mode) == ((80, 60), "RGB")
    if mode == "I;16":
        assert close(taken.getpixel((40, 30)), (128, 128, 128))
    elif mode in {"P", "RGBA", "CMYK"}:
        assert close(taken.getpixel((70, 50)), BLUE, by=40)


def test_what_one_could_look_through_is_white() -> None:
    picture = Image.new("RGBA", (64, 64), (220, 40, 30, 0))

    assert read(encoded(picture, "PNG")).getpixel((9, 9)) == WHITE


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_its_first_frame_is_taken(form: str) -> None:
    frames = [Image.new("RGB", (64, 48), tone) for tone in (RED, BLUE, WHITE)]

    taken = read(encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=50))

    assert close(taken.getpixel((20, 20)), RED, by=20)


CORNERS = "upper left, upper right, lower right, lower left, upper left, upper right, lower right, lower left"


@pytest.mark.parametrize(("orientation", "corner"), list(enumerate(CORNERS.split(", "), start=1)))
def test_a_picture_is_turned_as_its_camera_was_held(orientation: int, corner: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation

    taken = read(jpeg(80, 60, exif=exif))

    assert taken.size == ((80, 60) if orientation < 5 else (60, 80))
    x = 4 if "left" in corner else taken.width - 5
    y = 4 if "upper" in corner else taken.height - 5
    assert close(taken.getpixel((x, y)), WHITE)


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0" + b"\xff" * 200])
def test_broken_metadata_turns_nothing(exif: bytes) -> None:
    assert read(jpeg(80, 60, exif=exif)).size == (80, 60)


def test_colours_come_as_they_were_meant() -> None:
    """A profile that names swapped colours: what is written as green is meant as something else."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = plain(80, 60)

    taken = read(encoded(picture, "PNG", icc_profile=lab))

    assert close(taken.getpixel((30, 50)), RED, by=3)


@pytest.mark.parametrize("profile", [b"x", b"\0" * 200, SCRIPT])
def test_a_profile_that_is_none_is_left_out_of_account(profile: bytes) -> None:
    assert close(read(encoded(plain(80, 60), "PNG", icc_profile=profile)).getpixel((30, 50)), RED, by=3)


def test_nothing_but_the_picture_gets_out_again() -> None:
    """Where and by whom it was taken, comments, thumbnails, and what hangs on behind the end."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = SECRET.decode()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (50.0, 6.0, 44.0)
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET.decode())
    files = [
        jpeg(300, 200, exif=exif, comment=SECRET) + SCRIPT + SECRET,
        encoded(plain(300, 200), "PNG", pnginfo=text, exif=exif) + SCRIPT + SECRET,
        encoded(plain(300, 200), "GIF", comment=SECRET) + SCRIPT + SECRET,
        encoded(plain(300, 200), "WEBP", exif=exif, xmp=SECRET) + SCRIPT + SECRET,
    ]
    for given in files:
        for form in Format:
            made = do(TakeIn(given=given, form=form, widths=WIDTHS))

            assert isinstance(made, Made)
            for written in (made.original, *made.renditions.values()):
                assert SECRET not in written
                assert b"script" not in written
                with Image.open(io.BytesIO(written)) as picture:
                    assert not picture.getexif()
                    assert not {"exif", "xmp", "icc_profile", "comment"} & picture.info.keys()


def test_a_large_picture_is_kept_smaller() -> None:
    assert read(jpeg(4000, 1000)).size == (MOST_SIDE, 640)


# What is no picture, or a trap


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"\xff\xd8\xff",
        b"GIF89a",
        SVG,
        b"<?xml version='1.0'?>" + SVG,
        SCRIPT,
        b"%PDF-1.7\n" + SCRIPT,
        b"#!/bin/sh\nexit 1\n",
        b"RIFF\x10\0\0\0WEBPVP8 ",
        encoded(plain(80, 60), "BMP"),
        encoded(plain(80, 60), "TIFF"),
        encoded(plain(80, 60), "ICO"),
        encoded(plain(80, 60), "PPM"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n",
    ],
)
def test_what_is_no_picture_of_ours_is_refused(given: bytes) -> None:
    assert refusal(given) == "unreadable"


@pytest.mark.parametrize("whole", [jpeg(200, 150, noise), png(200, 150), encoded(noise(200, 150), "WEBP")])
def test_a_picture_that_breaks_off_is_refused(whole: bytes) -> None:
    for part in (0.3, 0.6, 0.9):
        assert refusal(whole[: int(len(whole) * part)]) == "unreadable"


def test_a_script_that_begins_like_a_picture_is_refused() -> None:
    assert refusal(b"GIF89a/*" + SCRIPT) == "unreadable"
    assert refusal(b"\x89PNG\r\n\x1a\n" + SCRIPT) == "unreadable"


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width: int, height: int, packed: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def gif_with_a_frame_larger_than_itself() -> bytes:
    small = bytearray(encoded(plain(64, 64), "GIF"))
    frame = small.index(b",\0\0\0\0")
    small[frame + 5 : frame + 9] = struct.pack("<HH", 65_000, 65_000)
    return bytes(small)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (png_of(60_000, 60_000), "too-large"),
        (png_of(2**31 - 1, 2**31 - 1), "too-large"),
        (png_of(6_000, 6_000, zlib.compress(bytes(36_000_000 * 3), 9)), "too-large"),
        (gif_with_a_frame_larger_than_itself(), "too-large"),
        (jpeg(1, 1), "too-small"),
        (jpeg(31, 400), "too-small"),
        (jpeg(3000, 40), "too-narrow"),
    ],
)
def test_what_would_unpack_to_too_much_or_too_little_is_refused(given: bytes, reason: str) -> None:
    assert refusal(given) == reason


def test_text_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9))
    whole = png(80, 60)
    given = whole[:33] + bomb + whole[33:]

    assert attempted(given) == "unreadable"


@pytest.mark.parametrize("make", [jpeg, png])
def test_random_damage_is_refused_or_mended_and_never_more(make: Callable[[int, int], bytes]) -> None:
    whole = make(120, 90)
    for seed in range(300):
        hurt = bytearray(whole)
        for step in range(1, 5):
            hurt[(seed * 7919 * step) % len(hurt)] ^= 1 + seed * step % 255
        assert attempted(bytes(hurt)) in {"read RGB", "unreadable", "too-large", "too-small", "too-narrow"}
