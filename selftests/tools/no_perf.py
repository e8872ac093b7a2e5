# SPDX-License-Identifier: GPL-2.0-only
#
# no_perf.py - run a command that may not call perf_event_open(2), as in many containers: a
# filter (seccomp) answers with EPERM. Status 77 where there can be no such filter.

import ctypes
import errno
import os
import platform
import struct
import sys

NUMBER = {"x86_64": 298, "aarch64": 241}
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000


class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def forbid(number):
    code = b"".join(
        struct.pack("=HBBI", *line)
        for line in (
            (LOAD, 0, 0, 0),
            (JUMP_EQUAL, 0, 1, number),
            (RETURN, 0, 0, ERRNO | errno.EPERM),
            (RETURN, 0, 0, ALLOW),
        )
    )
    libc = ctypes.CDLL(None, use_errno=True)
    program = Program(len(code) // 8, code)
    return (
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        and libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0
    )


if platform.machine() not in NUMBER or not forbid(NUMBER[platform.machine()]):
    sys.exit(77)
os.execvp(sys.argv[1], sys.argv[1:])
