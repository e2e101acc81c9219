"""The identity of the verifier: the same digest scores the same answers the same way."""

from functools import cache
from pathlib import Path

LIBRARIES = ("latex2sympy2_extended", "math-verify", "sympy")


@cache
def verifier_digest() -> str:
    """Return the sha256 (hex) over this package's source files and the versions of the libraries it judges with.

    It covers the names and bytes of the files, sorted: neither the place of installation nor time enters.
    """
    import hashlib
    from importlib.metadata import version

    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        source = path.read_bytes()
        digest.update(f"{path.relative_to(Path(__file__).parent).as_posix()}\0{len(source)}\0".encode())
        digest.update(source)
    for library in LIBRARIES:
        digest.update(f"{library}=={version(library)}\0".encode())
    return digest.hexdigest()
