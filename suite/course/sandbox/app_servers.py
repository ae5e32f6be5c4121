"""Takes over the serving of web apps: started, asked once on each route, and stopped, so that the document goes on."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import Any

PATIENCE = 10.0
"""Seconds for an app to come up."""
TEXT = "Hello, how are you?"
FIELDS = ("prompt", "text", "message", "input", "inputs", "query", "question", "sentence", "content")


def install() -> None:
    """Take over the waiting of the libraries that are loaded."""
    if "flask" in sys.modules:
        flask: Any = sys.modules["flask"]
        flask.Flask.run = _run_flask
    if "uvicorn" in sys.modules:
        import uvicorn

        uvicorn.run = _run_asgi
    if "gradio" in sys.modules:
        _patch_gradio()


def _run_flask(app: Any, *_: Any, **__: Any) -> None:
    """Stand for `Flask.run`: serve on loopback, ask every route once, stop.

    Raises:
        RuntimeError: a route answered with an error of its own.
    """
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        routes = [(rule.rule, method) for rule in app.url_map.iter_rules() if not rule.arguments
                  for method in sorted((rule.methods or set()) & {"GET", "POST"})]  # fmt: skip
        _visit(f"http://127.0.0.1:{server.server_port}", routes)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _run_asgi(app: Any, *_: Any, **__: Any) -> None:
    """Stand for `uvicorn.run`: serve on loopback, ask every route once, stop."""
    import socket
    import time

    import uvicorn

    if isinstance(app, str):
        app = getattr(sys.modules["__main__"], app.rpartition(":")[2])
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    server.capture_signals = contextlib.nullcontext  # type: ignore[assignment, method-assign]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        routes = [(route.path, method) for route in getattr(app, "routes", ()) if "{" not in getattr(route, "path", "{")
                  for method in sorted((getattr(route, "methods", None) or set()) & {"GET", "POST"})]  # fmt: skip
        _visit(f"http://127.0.0.1:{listening.getsockname()[1]}", routes)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


def _visit(address: str, routes: list[tuple[str, str]]) -> None:
    import requests

    for path, method in routes:
        body: dict[str, Any] = {"json": dict.fromkeys(FIELDS, TEXT)} if method == "POST" else {}
        answer = requests.request(method, address + path, timeout=PATIENCE, **body)
        if answer.status_code >= 500:
            raise RuntimeError(f"the app answered {method} {path} with status {answer.status_code}")


def _patch_gradio() -> None:
    gradio: Any = sys.modules["gradio"]
    launch = gradio.Blocks.launch

    def launch_and_close(app: Any, *arguments: Any, **options: Any) -> Any:
        """Stand for `launch`: without a tunnel to the outside, and for one request."""
        options |= {"share": False, "prevent_thread_lock": True, "inbrowser": False, "quiet": True}
        result = launch(app, *arguments, **options)
        with contextlib.suppress(Exception):
            import requests

            requests.get(app.local_url, timeout=PATIENCE)
        app.close()
        return result

    gradio.Blocks.launch = launch_and_close
