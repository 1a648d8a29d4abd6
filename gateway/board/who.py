"""Who asks: a person of `[alerts.people]` by their own token, a program, or somebody who says a name.

A token whose name is a person's short name is that person's: what they do is theirs, whatever name the request gives.
Every other token is a program's, such as a branch's shared screen, and on loopback without tokens nobody is known: then
the request says who it is for.
"""

from typing import Any, Final

from litestar import Request

from gateway.alerts.settings import AlertsConfig, PersonConfig
from gateway.board.errors import RequestError
from gateway.board.guard import PROGRAM

SOMEBODY: Final = "board"
NAME_LETTERS: Final = 100

Ask = Request[Any, Any, Any]


def program_of(request: Ask) -> str | None:
    """The name that goes with the request's token; None if it needed none."""
    name = request.scope.get(PROGRAM)
    return None if name is None else str(name)


def person_of(request: Ask, config: AlertsConfig) -> str | None:
    """The person whose token came with the request."""
    name = program_of(request)
    return name if name is not None and name in config.people else None


def name_of(request: Ask, config: AlertsConfig, given: str) -> str:
    """Who does something, as people are shown it: the token's person, whoever the request names, or the program."""
    person = person_of(request, config)
    word = person if person is not None else " ".join(given.split())[:NAME_LETTERS]
    if word in config.people:
        return config.people[word].name
    return word or program_of(request) or SOMEBODY


def require_person(request: Ask, config: AlertsConfig, person: str) -> PersonConfig:
    """A person that the request may act for and look after.

    Raises:
        RequestError: 404 if nobody is called so; 403 if the token is somebody else's.
    """
    own = person_of(request, config)
    if own is not None and own != person:
        raise RequestError(403, "Forbidden", f"this token is {own}'s; what {person[:64]!r} plans only they may change")
    return known_person(config, person)


def known_person(config: AlertsConfig, person: str) -> PersonConfig:
    """A person by their short name.

    Raises:
        RequestError: 404 if nobody is called so.
    """
    found = config.people.get(person)
    if found is None:
        detail = f"nobody is called {person[:64]!r}; /api/v1/people lists the people of [alerts.people]"
        raise RequestError(404, "Unknown person", detail)
    return found
