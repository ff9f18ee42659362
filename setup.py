"""Build the C twin: optional for a user without a compiler, mandatory where we publish or test.

CHAINRULE_BUILD=strict    a failed or warning compilation is an error (CI, published wheels)
CHAINRULE_BUILD=sanitize  strict, with the address and undefined-behaviour sanitizers
"""

import os
import sys

from setuptools import Extension, setup

build = os.environ.get("CHAINRULE_BUILD", "strict" if "CIBUILDWHEEL" in os.environ else "")
if build not in {"", "strict", "sanitize"}:
    raise SystemExit(f"CHAINRULE_BUILD: expected nothing, 'strict' or 'sanitize', got {build!r}")

# Without -ffp-contract=off a compiler may fuse a*b + c, and the twins would differ in the last bit.
flags = ["/O2", "/fp:precise", "/std:c11"] if sys.platform == "win32" else ["-O3", "-ffp-contract=off", "-std=c11"]
if build:
    flags += ["/WX"] if sys.platform == "win32" else ["-Wall", "-Wextra", "-Werror"]
sanitizers = ["-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=undefined"]
if build == "sanitize":
    flags += [*sanitizers, "-O1", "-g", "-UNDEBUG", "-fno-omit-frame-pointer"]

setup(
    ext_modules=[
        Extension(
            "autograd._engine",
            sources=["autograd/_engine.c"],
            depends=["autograd/_blocks.h", "autograd/_primitives.inc.h", "autograd/_special.h"],
            extra_compile_args=flags,
            extra_link_args=sanitizers if build == "sanitize" else [],
            optional=not build,
        )
    ]
)
