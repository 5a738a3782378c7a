"""Becomes a child that cannot outlive its parent: drops the user, asks for the death signal, then executes the command.

Run as a script with `python -I -S`, so that nothing runs between fork and exec in a process that has threads.
Arguments: death signal, pid of the parent, uid or -1, gid or -1, then the command with an absolute path.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    death_signal, parent_pid, uid, gid = (int(argument) for argument in arguments[:4])
    command = arguments[4:]
    if uid != -1:
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)
    # After setuid, which clears it.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent_pid:
        sys.exit("the parent ended before its child began")
    # A shell's background job ignores SIGINT and would hand that on.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
