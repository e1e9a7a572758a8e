"""One cluster for all these tests, and stories on it that are under way at the same time."""

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.helpers import FakeServer
from tests.slurm.cluster import Cluster, end_forgotten
from tests.slurm.packages import NoCluster
from tests.slurm.site import end_all, install_profile, make_site
from tests.slurm.stories import FIRST, STORIES

PREFIX_OF_FOLDERS = "personas-slurm-"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running SLURM. Where none can be had the tests are skipped, but in CI they fail."""
    temporary = Path(tempfile.gettempdir())
    with (
        FileLock(temporary / "personas-slurm-tests.lock", timeout=600),  # a machine has room for one
        tempfile.TemporaryDirectory(prefix=PREFIX_OF_FOLDERS, dir=temporary, ignore_cleanup_errors=True) as folder,
    ):
        Path(folder).chmod(0o755)  # munged wants everybody to reach its socket; pytest's folders are closed
        made = Cluster(Path(folder))
        end_forgotten(PREFIX_OF_FOLDERS)
        try:
            made.up()
            yield made
        except NoCluster as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"no SLURM: {error}")
        finally:
            made.down()
            assert not [daemon for daemon in ("slurmctld", "slurmd", "munged") if made.pid(daemon)]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration folder of a user who has installed the profile."""
    made = tmp_path_factory.mktemp("home")
    install_profile(made)
    return made


@pytest.fixture(scope="session")
def stories(
    request: pytest.FixtureRequest, cluster: Cluster, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Any]]]:
    """The stories that tests of this session look at, by their name, which is also that of the fixture."""
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    begun: dict[str, Future[Any]] = {}
    with ThreadPoolExecutor(len(STORIES)) as pool, ExitStack() as stack:
        for name in filter(wanted.__contains__, STORIES):
            site = make_site(tmp_path_factory.mktemp(name) / "checkout", cluster, home)
            stack.callback(end_all, site)
            server = stack.enter_context(FakeServer())
            begun[name] = pool.submit(STORIES[name], site, server)
            if name == FIRST:
                site.wait_for(partial(_has_begun, server, begun[name]), "its first request")
        yield begun


def _has_begun(server: FakeServer, told: Future[Any]) -> bool:
    return bool(server.count) or told.done()


def _story(name: str) -> Any:
    @pytest.fixture(scope="session", name=name)
    def story(stories: dict[str, Future[Any]]) -> Any:
        """What there was to see, once the story is over."""
        return stories[name].result()

    return story


globals().update({name: _story(name) for name in STORIES})
