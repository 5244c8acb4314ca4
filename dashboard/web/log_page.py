"""How to log a training that runs elsewhere: lines for each framework with this dashboard's address, and the client."""

from typing import NamedTuple

from flask import Response, render_template, request, url_for

from dashboard.errors import NotFound
from dashboard.http import workspace
from dashboard.services.client_wheel import client_wheel
from dashboard.web.help_page import blueprint

__all__ = ["blueprint"]  # that of the help, to which these pages belong

LOOP = 'import weightbase\nweightbase.connect("{address}")\nfor epoch in range(1, 11):\n'
CALLBACK = 'import weightbase\nweightbase.connect("{address}")\n'


class Example(NamedTuple):
    """The lines for one kind of model; `name` is their id on the page."""

    name: str
    title: str
    lines: str


EXAMPLES = (
    Example(
        "numpy",
        "NumPy, JAX, or any dict of arrays",
        f"""{LOOP}    weights, loss = train(weights)  # your own
    weightbase.log("my-network", weights, {{"loss": loss}}, epoch=epoch)""",
    ),
    Example(
        "pytorch",
        "PyTorch",
        f"""{LOOP}    loss = train(model)  # your own
    weightbase.log("my-network", model, {{"loss": loss}}, epoch=epoch)""",
    ),
    Example(
        "keras",
        "Keras",
        f"""{CALLBACK}model.fit(x, y, epochs=10, callbacks=[weightbase.keras.Log("my-network")])""",
    ),
    Example(
        "lightning",
        "Lightning",
        f"""{CALLBACK}trainer = Trainer(max_epochs=10, callbacks=[weightbase.lightning.Log("my-network")])
trainer.fit(module, data)""",
    ),
    Example(
        "scikit-learn",
        "scikit-learn",
        f"""{LOOP}    model.partial_fit(x, y, classes=range(10))
    weightbase.log("my-network", model, {{"loss": model.loss_}}, epoch=epoch)""",
    ),
    Example(
        "book",
        "The class of “Make Your Own Neural Network”",
        f"""{LOOP}    train_on_all_records(n)  # the book's loop
    weightbase.log("my-network", n, epoch=epoch)""",
    ),
)


@blueprint.get("/help/log")
def log() -> str:
    """Show how to log a training that runs elsewhere."""
    address = request.url_root.rstrip("/")
    wheel = url_for("help.client", name=client_wheel().name)
    login = "user:PASSWORD@" if workspace().settings.password else ""
    return render_template(
        "help/log.html",
        examples=[one._replace(lines=one.lines.replace("{address}", address)) for one in EXAMPLES],
        install=f"pip install {request.scheme}://{login}{request.host}{wheel}",
        wheel=wheel,
        has_password=bool(login),
    )


@blueprint.get("/client/<name>")
def client(name: str) -> Response:
    """Send the client's wheel, which pip installs without a network."""
    wheel = client_wheel()
    if name != wheel.name:
        raise NotFound(f"There is no {name} here. This dashboard offers {wheel.name}: its address is on Help, Log.")
    return Response(wheel.content, mimetype="application/zip")
