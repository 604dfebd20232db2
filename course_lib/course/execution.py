"""papermill on one notebook: `python -m course_lib.course.execution SOURCE EXECUTED PROFILE BAR`.

A process of its own, so that a notebook can take nothing down but itself. It ends when its standard input does: whoever
started it holds the other end, and so leaves nothing behind however it goes, killed or interrupted. The kernel follows:
ipykernel ends with the process that started it.
"""

import os
import sys
import threading
import traceback
from pathlib import Path

import papermill

CELL_SECONDS = 3600  # one cell may take this long; the longest, MPNet's full training, takes about half


def main() -> int:
    """Everything goes to standard output, its last line the error's; the progress bar alone to standard error."""
    source, executed, profile, bar = sys.argv[1:]
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    terminal = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
    os.dup2(1, 2)
    try:
        papermill.execute_notebook(
            source,
            executed,
            {"PROFILE": profile},
            kernel_name="python3",
            cwd=Path(source).parent,
            execution_timeout=CELL_SECONDS,
            progress_bar={"file": terminal, "desc": Path(source).stem} if bar == "bar" else False,
        )
    except Exception as error:
        traceback.print_exc()
        first_line = (str(error).strip() or "no message").splitlines()[0]
        print(f"{type(error).__name__}: {first_line}", flush=True)
        return 1
    return 0


def _end_with_standard_input() -> None:
    os.read(0, 1)  # not sys.stdin: Python aborts at its end while a thread holds that
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
