"""A Dask cluster of real processes that speak TLS on loopback, in a folder that knows nothing of our home."""

import contextlib
import datetime
import ipaddress
import os
import subprocess
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from distributed import Client

from dashboard.jobs.dask_cluster import security_of
from tests.processes.test_serving import free_port
from tests.worker import APP, wait_until

WORKERS = 2


class Cluster:
    """A scheduler and WORKERS workers of one thread each, with nannies."""

    def __init__(self, folder):
        self.folder = folder
        self.address = f"tls://127.0.0.1:{free_port()}"
        self.ca, self.cert = make_certificates(folder)
        self.scheduler = self.workers = self.client = None
        self.pid_of = {}  # address -> pid; a worker that is started again has another address

    @property
    def security(self):
        return security_of(self.ca, self.cert, "")

    def start(self):
        self.start_scheduler()
        self.start_workers()

    def start_scheduler(self):
        self.scheduler = self._start("scheduler", "--host", self.address, "--no-dashboard", "--no-jupyter")

    def start_workers(self):
        size = ("--nworkers", str(WORKERS), "--nthreads", "1")
        self.workers = self._start("worker", self.address, *size, "--no-dashboard", "--host", "127.0.0.1")
        wait_until(lambda: len(self.ask(lambda client: client.nthreads())) == WORKERS, "the workers to join")

    def ask(self, question):
        """Return what a client of the cluster answers; empty while there is no cluster."""
        try:
            if self.client is None or self.client.status != "running":
                self.client = Client(self.address, security=self.security, timeout=5, set_as_default=False)
            return question(self.client)
        except (OSError, RuntimeError, ValueError):  # what Dask raises while its scheduler is away
            self.leave()
            return {}

    def leave(self):
        client, self.client = self.client, None
        if client is not None:
            with contextlib.suppress(OSError, RuntimeError, ValueError):
                client.close(timeout=1)

    def busy_pids(self):
        """Return the pids of the workers that train at this moment; of one that hangs, too."""

        def pids(client):
            busy = [address for address, keys in client.processing().items() if keys]
            unknown = [address for address in busy if address not in self.pid_of]
            self.pid_of.update(client.run(os.getpid, workers=unknown) if unknown else {})
            return [self.pid_of[address] for address in busy]

        return list(self.ask(pids))

    def stop(self):
        self.leave()
        for process in (self.workers, self.scheduler):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait()

    def _start(self, what, *arguments):
        tls = ("--tls-ca-file", self.ca, "--tls-cert", self.cert, "--tls-key", self.cert)
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments, *tls]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WEIGHTBASE_")}
        environment |= {"PYTHONPATH": str(APP.parent), "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
        environment |= {"DASK_LOGGING__DISTRIBUTED": "error", "DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH": "100"}
        with open(self.folder / f"{what}.log", "ab") as log:
            return subprocess.Popen(command, env=environment, cwd=self.folder, stdout=log, stderr=log)


def make_certificates(folder):
    """Write an authority's certificate, and one for every process of the cluster that it has signed; return both."""
    now = datetime.datetime.now(datetime.UTC)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Weightbase's tests")])

    def signed(name, public_key, extension):
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(authority_name).public_key(public_key)
        builder = builder.serial_number(x509.random_serial_number()).add_extension(extension, critical=False)
        builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        return builder.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    ca, cert = folder / "ca.pem", folder / "cert.pem"
    authority = x509.BasicConstraints(ca=True, path_length=None)
    ca.write_bytes(signed(authority_name, authority_key.public_key(), authority))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    loopback = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    cert.write_bytes(signed(name, key.public_key(), loopback) + key.private_bytes(*private))
    return str(ca), str(cert)
