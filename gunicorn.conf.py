"""How gunicorn serves: threads for waiting on the database, processes for the processors, and no process for ever."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

# Before anything imports prometheus_client: it decides at its import where the figures of all processes meet.
_figures = os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="worktrackr-metrics-"))

from prometheus_client import multiprocess  # noqa: E402

from app import logs  # noqa: E402
from app.startup import settings  # noqa: E402

_config = settings()
logs.configure(_config)

wsgi_app = "wsgi:app"
bind = f"{'0.0.0.0' if _config.is_production else '127.0.0.1'}:{_config.port}"  # noqa: S104
worker_class = "gthread"
workers = int(_config.web_concurrency)
threads = int(_config.web_threads)
timeout = 30
graceful_timeout = 20
keepalive = 75  # longer than the proxies in front keep theirs, so that none sends into a closing connection
max_requests = 5000
max_requests_jitter = 500
# A heartbeat must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True  # nothing uses it, and its default path is shared by all projects of a user
preload_app = True
# gunicorn's own lines go through our logs; the access line is written by app/logs.py.
errorlog = None
logconfig_dict = {
    "version": 1,
    "incremental": True,
    "handlers": {},
    "loggers": {"gunicorn.error": {"propagate": True, "level": _config.log_level}},
    "root": {"level": _config.log_level},
}


def child_exit(server: Any, worker: Any) -> None:
    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    shutil.rmtree(_figures, ignore_errors=True)
