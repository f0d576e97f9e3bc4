"""The addresses by which staff look after pictures of own hotels."""

from bookingd.domain.accounts.permissions import Permission
from handlers.admin import pictures
from handlers.admin.picture_requests import NewPicture, PictureChange
from handlers.operations import BODY_PROBLEMS, Operation, Route

TAG = "Pictures of hotels"
HERE = "/v1/admin/hotels/{hotel_id}/pictures"

ADMIN_PICTURE_ROUTES = (
    Route(
        method="GET",
        path=HERE,
        handler=pictures.list_pictures,
        operation=Operation(
            summary="List a hotel's pictures",
            tag=TAG,
            access=Permission.INVENTORY,
            answers={200: pictures.HotelPictures},
            problems=("not-found",),
        ),
    ),
    Route(
        method="POST",
        path=HERE,
        handler=pictures.upload_picture,
        operation=Operation(
            summary="Add a picture to a hotel",
            tag=TAG,
            access=Permission.INVENTORY,
            description=(
                "The body is the picture: JPEG, PNG, WebP or GIF, whichever its Content-Type says. It is"
                " turned upright and written anew, without place, camera or comment. The same picture sent"
                " again is answered with 200, and changes nothing. A hotel has"
                f" {pictures.MOST_PICTURES} pictures at most."
            ),
            query=NewPicture,
            raw_body=pictures.TYPES,
            answers={201: pictures.HotelPicture, 200: pictures.HotelPicture},
            problems=(
                "cross-site",
                "media-type",
                "body-too-large",
                "bad-request",
                "invalid-fields",
                "not-found",
                "limit-reached",
                "unavailable",
            ),
        ),
    ),
    Route(
        method="PATCH",
        path=HERE + "/{picture_id}",
        handler=pictures.change_picture,
        operation=Operation(
            summary="Describe a picture, or move it",
            tag=TAG,
            access=Permission.INVENTORY,
            body=PictureChange,
            headers=("if_match",),
            answers={200: pictures.HotelPicture},
            problems=("not-found", "precondition-required", "precondition-failed", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="DELETE",
        path=HERE + "/{picture_id}",
        handler=pictures.remove_picture,
        operation=Operation(
            summary="Remove a picture",
            tag=TAG,
            access=Permission.INVENTORY,
            description="It is served no more, within seconds; who has got it may keep it.",
            headers=("optional_match",),
            answers={204: None},
            problems=("cross-site", "not-found", "precondition-failed"),
        ),
    ),
)
