"""The addresses of second factors."""

from handlers.accounts import passkeys, recovery, totp
from handlers.accounts.factor_requests import AppCode, NewPasskey, Nothing
from handlers.operations import BODY_PROBLEMS, Access, Operation, Route

TAG = "Second factor"

FACTOR_ROUTES = (
    Route(
        method="GET",
        path="/v1/me/second-factor",
        handler=totp.second_factor,
        operation=Operation(
            summary="What you prove yourself with",
            tag=TAG,
            access=Access.ACCOUNT,
            answers={200: totp.SecondFactor},
        ),
    ),
    Route(
        method="POST",
        path="/v1/me/second-factor/totp",
        handler=totp.set_up_app,
        operation=Operation(
            summary="Set up an authenticator app",
            tag=TAG,
            access=Access.RECENT,
            description="It counts from its first code on; one that counts already does so until then.",
            body=Nothing,
            answers={201: totp.NewApp},
            problems=("second-factor-needed", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="POST",
        path="/v1/me/second-factor/totp/confirmations",
        handler=totp.confirm_app,
        operation=Operation(
            summary="Show the app's first code",
            tag=TAG,
            access=Access.RECENT,
            body=AppCode,
            answers={200: totp.Confirmed},
            problems=("second-factor-needed", "not-found", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="DELETE",
        path="/v1/me/second-factor/totp",
        handler=totp.remove_app,
        operation=Operation(
            summary="Remove the authenticator app",
            tag=TAG,
            access=Access.RECENT,
            answers={204: None},
            problems=("second-factor-needed", "cross-site", "not-found", "last-factor"),
        ),
    ),
    Route(
        method="POST",
        path="/v1/me/recovery-codes",
        handler=recovery.make_recovery_codes,
        operation=Operation(
            summary="Make new recovery codes",
            tag=TAG,
            access=Access.RECENT,
            description="Those before are none any more.",
            body=Nothing,
            answers={201: recovery.RecoveryCodes},
            problems=("second-factor-needed", "factor-needed", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="GET",
        path="/v1/me/passkeys",
        handler=passkeys.passkeys,
        operation=Operation(
            summary="List your passkeys",
            tag=TAG,
            access=Access.ACCOUNT,
            answers={200: passkeys.Passkeys},
        ),
    ),
    Route(
        method="POST",
        path="/v1/me/passkeys/options",
        handler=passkeys.ask_for_new_passkey,
        operation=Operation(
            summary="Begin to make a passkey",
            tag=TAG,
            access=Access.RECENT,
            description="Give `public_key` to `navigator.credentials.create`, and then its answer to us.",
            body=Nothing,
            answers={200: passkeys.PasskeyOptions},
            problems=("second-factor-needed", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="POST",
        path="/v1/me/passkeys",
        handler=passkeys.add_passkey,
        operation=Operation(
            summary="Add a passkey",
            tag=TAG,
            access=Access.RECENT,
            body=NewPasskey,
            answers={201: passkeys.PasskeyAdded},
            problems=("second-factor-needed", "limit-reached", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="DELETE",
        path="/v1/me/passkeys/{passkey_id}",
        handler=passkeys.remove_passkey,
        operation=Operation(
            summary="Remove a passkey",
            tag=TAG,
            access=Access.RECENT,
            answers={204: None},
            problems=("second-factor-needed", "cross-site", "not-found", "last-factor"),
        ),
    ),
    Route(
        method="POST",
        path="/v1/sessions/passkey-options",
        handler=passkeys.ask_for_passkey,
        operation=Operation(
            summary="Begin to sign in with a passkey alone",
            tag="Sessions",
            access=Access.PUBLIC,
            description="Give `public_key` to `navigator.credentials.get`, its answer to POST /v1/sessions.",
            body=Nothing,
            answers={200: passkeys.PasskeyOptions},
            problems=BODY_PROBLEMS,
        ),
    ),
)
