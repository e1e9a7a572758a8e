"""Each failure of the hub as one sentence: the place in the config, what is wrong, what to do."""

from pathlib import Path

from httpx2 import HTTPError
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from personas.core.errors import UserError
from personas.external.needed import HubModel


class Unreachable(UserError):
    """The hub cannot be reached at all, whatever is asked of it."""


def sentence(hub_model: HubModel, error: BaseException, endpoint: str, has_token: bool, cache: Path) -> UserError:
    """Return what to tell of a failed call for a model; no part of it comes from a request, which holds the token."""
    if isinstance(error, HfHubHTTPError):
        return UserError(_refusal(hub_model, error, endpoint, has_token))
    if isinstance(error, HFValidationError):
        return UserError(
            f"{hub_model.where}.id: found {hub_model.model.id!r}, expected the id of a repository, owner/name."
        )
    if isinstance(error, OfflineModeIsEnabled):
        return _unreachable(hub_model, "HF_HUB_OFFLINE is set", endpoint, cache)
    if isinstance(error, HTTPError):
        return _unreachable(hub_model, str(error) or type(error).__name__, endpoint, cache)
    return UserError(
        f"{hub_model.where}: {endpoint} does not answer as a model hub does ({type(error).__name__}), expected one; "
        "look at HF_ENDPOINT and at proxies."
    )


def _unreachable(hub_model: HubModel, reason: str, endpoint: str, cache: Path) -> Unreachable:
    return Unreachable(
        f"{hub_model.where}: {endpoint} cannot be reached for the weights of {hub_model.model.id} ({reason}); run "
        f"`uv run personas fetch --models` on a machine with internet access and copy its cache folder to {cache}, "
        f"or name a local folder as {hub_model.where}.weights."
    )


def _refusal(hub_model: HubModel, error: HfHubHTTPError, endpoint: str, has_token: bool) -> str:
    where, id, page = hub_model.where, hub_model.model.id, f"{endpoint}/{hub_model.model.id}"
    status = error.response.status_code
    if isinstance(error, GatedRepoError) and not has_token:
        return f"{where}: {id} is gated; accept its terms at {page}, then set HF_TOKEN in the environment."
    if isinstance(error, GatedRepoError):
        return (
            f"{where}: {id} is gated, and the account of the token in HF_TOKEN has no access; accept its terms at "
            f"{page} with that account, and let the token read gated repositories."
        )
    if isinstance(error, RepositoryNotFoundError):
        private = "has no access to" if has_token else "shows only to a token (HF_TOKEN)"
        return f"{where}.id: found {id!r}, which {endpoint} does not know or {private}, expected a model there."
    if isinstance(error, RevisionNotFoundError):
        revision = hub_model.model.revision
        return f"{where}.revision: found {revision!r}, which {id} does not have, expected a commit: {page}/commits."
    if status in (401, 403):
        what = "the token in HF_TOKEN" if has_token else "access without a token (HF_TOKEN)"
        return f"{where}: {endpoint} refuses {what} for {id}, expected a token that may read it."
    return f"{where}: {endpoint} answers {status} for {id}; run the same command later, what was downloaded stays."
