"""The address of pictures."""

from bookingd.pictures.sizes import WIDTHS
from handlers import pictures
from handlers.operations import Access, Operation, Route

PICTURE_ROUTES = (
    Route(
        method="GET",
        path="/v1/pictures/{picture_id}/{width}",
        handler=pictures.picture,
        operation=Operation(
            summary="Look at a picture",
            tag="Search",
            access=Access.PUBLIC,
            description=(
                f"`width` is one of {', '.join(map(str, WIDTHS))}; one that has fewer pixels comes as it is."
                " WebP to whoever names `image/webp` in `Accept`, JPEG to others. An address shows the same"
                " picture for ever. Where it cannot be had now: 503, with `Retry-After`."
            ),
            headers=("if_none_match",),
            answers={200: "image/webp", 304: None},
            problems=("not-found", "unavailable"),
        ),
    ),
)
