"""A bucket in a process of its own, by moto; put objects into it and read them as ``s3://photos/...``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Self

BUCKET = "photos"
KEY_ID, SECRET_KEY = "AKIDEXAMPLE", "s3cr3tK3y"


class Bucket:
    """A running server with one bucket, to be used as a context manager."""

    def __init__(self) -> None:
        import boto3

        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        port = int(self._process.stdout.readline())
        self.environment = {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_S3_ENDPOINT": f"127.0.0.1:{port}",
            "AWS_HTTPS": "NO",
            "AWS_VIRTUAL_HOSTING": "FALSE",
        }
        """What GDAL needs to read from it."""
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET_KEY,
        )
        self._client.create_bucket(Bucket=BUCKET)

    def put(self, key: str, content: Path) -> None:
        """Put the content of a file, over what may be there."""
        self._client.put_object(Bucket=BUCKET, Key=key, Body=content.read_bytes())

    def remove(self, key: str) -> None:
        """Remove an object."""
        self._client.delete_object(Bucket=BUCKET, Key=key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.communicate()


def main() -> None:
    """Serve until standard input ends."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)  # noqa: T201
    sys.stdin.read()


if __name__ == "__main__":
    main()
