"""Faults in what a batch does: its journal, its lease, its patience with servers, its engine."""

from tests.mutations import Mutation

JOURNAL = [
    Mutation(
        "journal",
        "a power cut loses answers that counted as finished",
        "scripts/personas/requests/journal.py",
        "            os.fsync(handle)\n",
        "            pass\n",
    ),
    Mutation(
        "journal",
        "half a line, torn by a power cut, counts as an answer",
        "scripts/personas/requests/journal_lines.py",
        'line.startswith(HEAD) and line.endswith(b"}\\n")',
        "line.startswith(HEAD)",
    ),
    Mutation(
        "journal",
        "a full disk leaves half a line, to which the next answer is glued and lost",
        "scripts/personas/requests/journal.py",
        "            os.ftruncate(handle, start + n_written)\n",
        "",
    ),
    Mutation(
        "journal",
        "of two answers to one request the later one counts, so that files disagree",
        "scripts/personas/requests/journal.py",
        "places = (self._where[short], *self._repeats.get(short, ()))",
        "places = (*self._repeats.get(short, ()), self._where[short])",
    ),
    Mutation(
        "journal",
        "a passing error of the server is never asked again",
        "scripts/personas/batch/asker.py",
        'if reply.status != "api_error":',
        "if reply is not None:",
    ),
    Mutation(
        "journal",
        "`personas forget` forgets all answers but those it was asked to forget",
        "scripts/personas/workflow/upkeep/journals.py",
        "if key not in without)(at)",
        "if key in without)(at)",
    ),
    Mutation(
        "journal",
        "after a power cut an empty file stands under the name of a result",
        "scripts/personas/core/files.py",
        "        _sync(temporary)\n",
        "",
    ),
    Mutation(
        "journal",
        "a reader sees half a file, and a kill leaves it",
        "scripts/personas/core/files.py",
        "        temporary.replace(path)\n",
        "        path.write_bytes(temporary.read_bytes())\n",
    ),
]

LEASE = [
    Mutation(
        "lease",
        "a lease outlives its batch, and the next one is refused",
        "scripts/personas/core/lease.py",
        "        beats.join()\n        path.unlink(missing_ok=True)\n        os.close(handle)\n",
        "        beats.join()\n",
    ),
    Mutation(
        "lease",
        "a run starts while `personas gc --yes` removes files",
        "scripts/personas/core/lease.py",
        "EVERYTHING in some or EVERYTHING in others or not",
        "EVERYTHING in some or not",
    ),
    Mutation(
        "lease",
        "a batch that was started again runs beside itself",
        "scripts/personas/core/lease.py",
        "(holder.run != run or holder.name == name)",
        "holder.run != run",
    ),
    Mutation(
        "lease",
        "a batch on another machine counts as dead while it works",
        "scripts/personas/core/lease.py",
        "os.fstat(handle).st_mtime < STALE",
        "os.fstat(handle).st_mtime > STALE",
    ),
    Mutation(
        "lease",
        "a batch gives no sign of life, and is taken for dead after a minute",
        "scripts/personas/core/lease.py",
        "while not over.wait(BEAT):",
        "while over.wait(BEAT):",
    ),
]

RETRIES = [
    Mutation(
        "retries",
        "an account without money is asked again for 15 minutes",
        "scripts/personas/engines/http/rejections.py",
        'if means == "refuses" or status in _REFUSES_ALL:',
        "if status in _REFUSES_ALL:",
    ),
    Mutation(
        "retries",
        "a wrong key is tried again and again, and then called a failure of the server",
        "scripts/personas/engines/http/rejections.py",
        "    means = None if status in _REFUSES_ALL",
        "    if status == 401:\n        return Failing(sentence, wait)\n    means = None if status in _REFUSES_ALL",
    ),
    Mutation(
        "retries",
        "one repeat fewer than said",
        "scripts/personas/engines/http/patience.py",
        "if faults > self.patience.repeats or",
        "if faults >= self.patience.repeats or",
    ),
    Mutation(
        "retries",
        "a server that asks for half a second is left alone for eight minutes",
        "scripts/personas/engines/http/patience.py",
        "return milliseconds / 1000",
        "return milliseconds",
    ),
    Mutation(
        "retries",
        "a batch of hours gives up 15 minutes after its first fault, although others succeeded since",
        "scripts/personas/engines/http/patience.py",
        "            self._failing_since, self._waits = None, 0\n",
        "            self._waits = 0\n",
    ),
    Mutation(
        "retries",
        "requests side by side pass the spending cap",
        "scripts/personas/engines/limits/budget.py",
        "self.spent + self._reserved + price > self._cap",
        "self.spent + price > self._cap",
    ),
]

ENGINE = [
    Mutation(
        "engine",
        "workers of an engine that ended keep the GPU's memory",
        "scripts/personas/engines/supervisor.py",
        "            os.killpg(process.pid, signal.SIGKILL)\n",
        "            process.kill()\n",
    ),
    Mutation(
        "engine",
        "requests are begun that cannot end before the job does, and paid for twice",
        "scripts/personas/batch/deadline.py",
        "self._now() + self._longest > self._stop_by",
        "self._now() > self._stop_by",
    ),
    Mutation(
        "engine",
        "items are asked behind more rounds than their checkpoint says",
        "scripts/personas/requests/track.py",
        "for r in self.rounds[: question.before]]",
        "for r in self.rounds]",
    ),
]
