"""S3fs (FUSE) of a bucket (moto)."""

import os
from pathlib import Path
from urllib.request import Request, urlopen

from lab.bench import Bench

from ._servers import ADDRESS, servers

NEEDS = ("fs:fuse", "/dev/fuse", "setpriv", "s3fs", "moto_server")
_URL = f"http://{ADDRESS}:5000"


def build(bench: Bench) -> Path:
    secret, mounted = bench.work / "secret", bench.directory("mounted")
    secret.touch(mode=0o600)
    secret.write_text("someone:secret\n")
    with servers(bench) as machine:
        server = f"moto_server -H {ADDRESS} -p 5000 >{bench.work}/log 2>&1 &"
        machine.run("env", f"PATH={os.environ['PATH']}", "sh", "-c", server)
        bench.wait_for_port(5000, ADDRESS)
        with urlopen(Request(f"{_URL}/bucket", method="PUT")):
            pass
        options = f"url={_URL},use_path_request_style,passwd_file={secret},allow_other"
        return bench.serve(mounted, "s3fs", "-f", "-o", options, "bucket")
