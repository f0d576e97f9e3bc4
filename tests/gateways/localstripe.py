"""`localstripe` in a process of its own, on the loopback interface, and what it is known not to do.

It is GPL-licensed, a test's tool: it is never imported here. By itself it listens on every interface,
and it dumps its data into /tmp; the lines that start it see to both.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Two parameters that the vendor knows and it refuses are taken off before it sees them. It has no Checkout
# and no Radar: that nobody paid there, and that no payment is under review, is what it would say.
_START = """
import os, socket, sys, threading
from aiohttp import web
from localstripe import resources, server

type(resources.store).dump_to_disk = lambda self: None

def without(cls, name, parameter):
    known = getattr(cls, name).__func__
    def call(cls, *args, **given):
        given.pop(parameter, None)
        return known(cls, *args, **given)
    setattr(cls, name, classmethod(call))

without(resources.PaymentIntent, "_api_create", "return_url")
without(resources.PaymentIntent, "_api_list_all", "created")

made = resources.PaymentIntent.__init__

def without_review(self, *args, **given):
    self.review = None
    made(self, *args, **given)

resources.PaymentIntent.__init__ = without_review

async def no_sessions(request):
    return web.json_response({"object": "list", "url": request.path, "has_more": False, "data": []})

server.app.router.add_get("/v1/checkout/sessions", no_sessions)

listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen()
print(listening.getsockname()[1], flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
web.run_app(server.app, sock=listening, print=None, access_log=None)
"""

LACKS = frozenset(
    {
        # The same key makes a second payment, refund or capture.
        "idempotency",
        # A decline is an error without the payment; it cannot be read again as declined.
        "declines as answers",
        # Only `use_stripe_sdk`, which needs the vendor's script: no page to send a payer to.
        "three-d-secure",
        # Refunds may exceed what was captured.
        "refunds within capture",
        # Neither `amount_received` nor the charge's `amount_captured`.
        "amounts captured",
        # It knows none.
        "disputes",
        # Its errors have no codes.
        "codes",
    }
)


@contextmanager
def running() -> Iterator[str]:
    """Its base URL, for as long as the context lasts."""
    with subprocess.Popen(
        [sys.executable, "-c", _START], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()
            process.wait(timeout=10)
