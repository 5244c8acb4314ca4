"""Every way in which Weightbase can refuse or fail, as one family.

The tree; the number is the HTTP status that `web` and `api` answer with::

    WeightbaseError                 500  something of ours went wrong
    ├── UserError                   400  the person can fix it; the message says how
    │   ├── Invalid                 422  one or more fields are wrong, a message for each
    │   ├── NotFound                404  no such network, version, tensor, cell, run ...
    │   ├── Conflict                409  the name is taken, the state does not allow it
    │   │   ├── BeingSaved          409  a version of this key is being saved at this moment
    │   │   ├── BeingMade           409  a run makes the file that was asked for
    │   │   ├── Superseded          409  another attempt at the run has taken over
    │   │   ├── NewerForm           409  it was stored by a newer Weightbase
    │   │   └── NumberTaken         409  the store has something else under a version's names
    │   ├── TooLarge                413  an upload or a network beyond a stated limit
    │   ├── UnknownFormat           415  a file of none of the formats that can be read
    │   ├── UnreadableFile          422  a file that is damaged, or is not as its format demands
    │   └── Forbidden               403  refused by a security rule
    ├── NotProven                   500  a file that was made does not hold what the store holds
    └── StoreError                  503  the store or the catalogue cannot do it now
        ├── OutOfSpace              507  there is no space for what was sent
        ├── StoreUnavailable        503  it cannot be reached
        │   └── Outage              503  for the moment: waiting helps
        │       ├── ConnectionLost  503  the connection to a server broke, or none could be made
        │       └── OtherDashboard  503  another home uses the database or the folder of weights
        └── NotAsSaved              503  a table is not what was saved
            ├── TensorMissing       503  a table that should be there is not
            └── TensorDamaged       503  a table does not hold what was written

Drivers' errors (SQLAlchemy, mysql-connector, OSError) are translated into these at one
place a layer, with the cause attached; nothing above knows the driver.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Damage(NamedTuple):
    """Where a table is not what was saved: the network's name, the version, the tensor, and the first cell if known."""

    network: str
    number: int
    tensor: str
    row: int | None
    column: int | None
    message: str

    @property
    def reference(self) -> str:
        """The version as it is written."""
        return f"{self.network}:{self.number}"


class WeightbaseError(Exception):
    """The root of the family: a failure that has a message for people."""

    status = 500
    code = "internal_error"

    @property
    def message(self) -> str:
        """The sentence that is shown to the person."""
        return str(self)


class UserError(WeightbaseError):
    """The person's mistake; the message names the remedy."""

    status = 400
    code = "bad_request"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Invalid(UserError):
    """One or more fields are wrong; `errors` maps each field's path (``layers.0.units``) to its message."""

    status = 422
    code = "invalid"

    def __init__(self, errors: Mapping[str, str]) -> None:
        field, message = next(iter(errors.items()))
        super().__init__(message, field)
        self.errors = dict(errors)


class NotFound(UserError):
    """What was asked for does not exist; `nearest` holds names like the one that was asked for."""

    status = 404
    code = "not_found"

    def __init__(self, message: str, field: str | None = None, nearest: Sequence[str] = ()) -> None:
        super().__init__(message, field)
        self.nearest = tuple(nearest)


class Conflict(UserError):
    """The name is taken, or the thing is in a state that does not allow this."""

    status = 409
    code = "conflict"


class BeingSaved(Conflict):
    """A version of this key is being saved at this moment: who asks again a little later gets it."""

    code = "being_saved"


class BeingMade(Conflict):
    """A run makes the file that was asked for: who asks again once it has finished gets it."""

    code = "being_made"


class Superseded(Conflict):
    """Another attempt at the run has taken over, or the run has ended: what this one did does not count."""


class NewerForm(Conflict):
    """What is stored has a form that only a newer Weightbase knows."""

    code = "newer_form"

    def __init__(self, kind: str, form: int, newest: int) -> None:
        super().__init__(
            f"This was stored by a newer Weightbase: its {kind.replace('_', ' ')} has form {form}, and this one "
            f"reads forms up to {newest}. Update Weightbase wherever this data is used, then try again."
        )


class NumberTaken(Conflict):
    """The store holds something under the names of this version that we did not make: another number is to be taken."""

    code = "number_taken"


class TooLarge(UserError):
    """Beyond a stated limit; the message names the limit."""

    status = 413
    code = "too_large"


class UnknownFormat(UserError):
    """A file of none of the formats that can be read; the message says what it is, if that is known."""

    status = 415
    code = "unknown_format"

    def __init__(self, message: str) -> None:
        super().__init__(message, "file")


class UnreadableFile(UserError):
    """A file that is damaged, hostile or a program; the message names the part that is wrong and the remedy."""

    status = 422
    code = "unreadable"

    def __init__(self, message: str) -> None:
        super().__init__(message, "file")


class Forbidden(UserError):
    """Refused by a security rule (host, origin, password)."""

    status = 403
    code = "forbidden"


class NotProven(WeightbaseError):
    """A file of a version that was made does not hold what the store holds: it is not given to anybody."""

    code = "not_proven"


class StoreError(WeightbaseError):
    """The store or the catalogue cannot do what was asked now."""

    status = 503
    code = "store_error"


class OutOfSpace(StoreError):
    """There is no space on the disk for what was sent; the message says how to get some."""

    status = 507
    code = "out_of_space"


class StoreUnavailable(StoreError):
    """The store cannot be reached or may not be written."""

    code = "store_unavailable"


class Outage(StoreUnavailable):
    """The store, the catalogue or the machine cannot do it for the moment; what waits and tries again will succeed.

    `dashboard.outages` says which errors are such.
    """


class ConnectionLost(Outage):
    """The connection to a server broke, or none could be made; what was not committed is gone."""


class OtherDashboard(Outage):
    """Another home uses the database or the folder of weights; it has to be stopped first."""

    code = "other_dashboard"


class NotAsSaved(StoreError):
    """A table is not what was saved; the services say of which version, and in which cell if that is known."""

    place: Damage | None = None


class TensorMissing(NotAsSaved):
    """A table that the catalogue knows is not in the store."""

    code = "tensor_missing"


class TensorDamaged(NotAsSaved):
    """A table in the store does not hold what was written to it."""

    code = "tensor_damaged"
