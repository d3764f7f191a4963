"""Gofer pipelines as Python code.

A pipeline is a program that prints its document: build a :class:`Pipeline`, then call :meth:`Pipeline.print`. ``gofer up FOLDER`` runs the
program and registers what it prints. Tasks depend on task objects, never on names, so an unknown parent or a cycle cannot be written; what
cannot be right is refused with a :class:`ValueError` or :class:`TypeError` where it is written. The rest the server judges.

    from gofer import Pipeline, Retry

    pipeline = Pipeline("nightly", "Nightly", timeout="2h")
    region = pipeline.param("region", default="eu", choices=["eu", "us"])
    load = pipeline.task("load", "busybox:latest", script="echo $REGION", env={"REGION": region}, retry=Retry(3))
    pipeline.task("report", "busybox:latest", script="echo done", after=load)
    pipeline.print()

It needs Python 3.9 and nothing else.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Iterable, List, Literal, Mapping, Optional, Sequence, TextIO, Tuple, Type, TypeVar, Union

__all__ = ["Concurrency", "Param", "Pipeline", "RegistryAuth", "Retry", "Task", "CONDITIONS", "FAILURES", "ON_LIMITS", "PARAM_TYPES", "TRIGGERS"]

#: What may become of a run that finds as many active as its pipeline allows.
ON_LIMITS = ("queue", "cancel_oldest", "skip")
#: Why an attempt may fail; what a retry chooses among.
FAILURES = ("exit_code", "oom", "image_pull", "lost", "timeout", "scheduler_error")
#: What a parent may have to come to.
CONDITIONS = ("success", "failure", "any")
#: The Python types that a parameter may have, and their names in the document.
PARAM_TYPES = {str: "string", int: "int", float: "number", bool: "bool"}

#: What may set a pipeline off, and the members that only triggers of the type have.
TRIGGERS = {
    "cron": ("expression", "zone", "dst", "catch_up", "jitter"),
    "interval": ("every", "anchor", "catch_up", "jitter"),
    "webhook": ("signature", "dedupe", "filter"),
    "github": ("secret", "events", "branches", "repository", "filter"),
    "pipeline": ("pipeline", "namespace", "on", "filter"),
    "extension": ("extension", "with", "filter"),
}

OnLimit = Literal["queue", "cancel_oldest", "skip"]
Failure = Literal["exit_code", "oom", "image_pull", "lost", "timeout", "scheduler_error"]
#: ``timedelta(minutes=90)``, or text such as ``"1h30m"``; units are d, h, m, s and ms.
Duration = Union[timedelta, str]
T = TypeVar("T", str, int, float, bool)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)
_USES = re.compile(_ID.pattern + r"@(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5}))?", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}", re.ASCII)
_DURATION = re.compile(r"([0-9]{1,9}(\.[0-9]{1,3})?(ms|s|m|h|d))+")
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


class Param(Generic[T]):
    """A parameter of a pipeline, made by :meth:`Pipeline.param`. As text it stands for the value of a run: ``param{{name}}``."""

    def __init__(self, name: str, type: Type[T], default: Optional[T], choices: Sequence[T], description: str) -> None:
        if type not in PARAM_TYPES:
            raise TypeError(f"The parameter '{name}' is {type!r}; it must be str, int, float or bool.")
        for value in [*choices, *([] if default is None else [default])]:
            if not _is(value, type):
                raise TypeError(f"The parameter '{name}' is a {type.__name__}, and {value!r} is none.")
        if default is not None and choices and default not in choices:
            raise ValueError(f"The default {default!r} of the parameter '{name}' is none of its choices.")
        self.name, self.default, self.choices, self.description = _id(name), default, list(choices), description
        self.type: Type[T] = type

    def __str__(self) -> str:
        return f"param{{{{{self.name}}}}}"

    def _document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            **_kept(type=None if self.type is str else PARAM_TYPES[self.type]),
            **({} if self.default is None else {"default": self.default}),
            **_kept(choices=self.choices, description=self.description),
        }


@dataclass(frozen=True)
class Retry:
    """Tries a failure again, up to ``max_attempts`` times in all.

    The wait is drawn evenly from nothing to ``initial_delay`` (1 s), which grows by ``factor`` with each failure up to ``max_delay`` (5 min).
    """

    #: Attempts in all, 1 to 100; the first counts.
    max_attempts: int
    #: The longest wait after the first failure, at most 7 days.
    initial_delay: Optional[Duration] = None
    #: What each further failure multiplies it with, 1 to 10.
    factor: Optional[float] = None
    #: The longest wait of all, at most 7 days.
    max_delay: Optional[Duration] = None
    #: The failures that are tried again; all where none is named.
    on: Sequence[Failure] = ()
    #: The exit codes that are tried again; all where none is named.
    exit_codes: Sequence[int] = ()

    def _document(self) -> dict[str, Any]:
        return _kept(
            max_attempts=_whole(self.max_attempts, "max_attempts", 1, 100),
            initial_delay=_duration(self.initial_delay, "initial_delay", 0, 7),
            factor=None if self.factor is None else _within(self.factor, "factor", 1, 10),
            max_delay=_duration(self.max_delay, "max_delay", 0, 7),
            on=[_word(failure, "on", FAILURES) for failure in _texts(self.on, "on")],
            exit_codes=[_whole(code, "exit_codes", 1, 255) for code in self.exit_codes],
        )


@dataclass(frozen=True)
class Concurrency:
    """At most ``limit`` tasks of the namespace run at a time under one ``key``; ``f"db-{region}"`` puts a parameter in it."""

    key: str
    limit: int

    def _document(self) -> dict[str, Any]:
        if not self.key or len(self.key) > 255:
            raise ValueError("The key of a concurrency limit has 1 to 255 characters.")
        return {"key": self.key, "limit": _whole(self.limit, "limit", 1, 10_000)}


@dataclass(frozen=True)
class RegistryAuth:
    """A login to the image's registry.

    The password must be a secret, such as ``pipeline_secret{{registry}}``; the server takes no other. A parameter may stand for the user.
    """

    user: Union[str, Param[Any]]
    password: str


class Task:
    """A container task of one pipeline, made by :meth:`Pipeline.task`."""

    def __init__(self, pipeline: Pipeline, id: str, members: dict[str, Any]) -> None:
        self.pipeline, self.id, self._members = pipeline, id, members

    def __repr__(self) -> str:
        return f"<Task {self.id} of {self.pipeline.id}>"


class Pipeline:
    """A pipeline as code. ``id`` is its name on the server, ``name`` its title.

    :param description: what it is for.
    :param labels: what every run carries; a run may add its own.
    :param parallelism: how many runs may be active at a time; 0 sets no limit.
    :param on_limit: what becomes of a run that finds that many active: it waits (``queue``), the oldest is cancelled for it
        (``cancel_oldest``), or it ends at once, cancelled (``skip``).
    :param timeout: how long a run may take from its start, 100 ms to 30 days.
    :param priority: of its runs, -100 to 100, higher first.
    """

    def __init__(
        self,
        id: str,
        name: Optional[str] = None,
        *,
        description: str = "",
        labels: Optional[Mapping[str, str]] = None,
        parallelism: int = 0,
        on_limit: OnLimit = "queue",
        timeout: Optional[Duration] = None,
        priority: int = 0,
    ) -> None:
        self.id, self.name = _id(id), name or id
        self._head = _kept(
            description=description,
            labels=_map(labels or {}, "labels"),
            parallelism=_whole(parallelism, "parallelism", 0, 10_000) or None,
            on_limit=None if _word(on_limit, "on_limit", ON_LIMITS) == "queue" else on_limit,
            timeout=_duration(timeout, "timeout"),
            priority=_whole(priority, "priority", -100, 100) or None,
        )
        self._params: dict[str, Param[Any]] = {}
        self._settings: dict[str, dict[str, dict[str, Any]]] = {}
        self._tasks: dict[str, Task] = {}

    @property
    def tasks(self) -> Sequence[Task]:
        """The tasks so far, in order."""
        return list(self._tasks.values())

    def param(self, name: str, type: Type[T] = str, *, default: Optional[T] = None, choices: Optional[Sequence[T]] = None, description: str = "") -> Param[T]:
        """Declares a parameter of type ``str``, ``int``, ``float`` or ``bool``. Without a default every run must give a value."""
        if name in self._params:
            raise ValueError(f"The pipeline '{self.id}' has a parameter '{name}' already.")
        return self._params.setdefault(name, Param(name, type, default, choices or (), description))

    def trigger(
        self,
        id: str,
        type: str,
        *,
        enabled: Optional[bool] = None,
        overlap: Optional[str] = None,
        version: Optional[int] = None,
        params: Optional[Mapping[str, Any]] = None,
        **members: Any,
    ) -> None:
        """Declares what starts runs by itself while the version is live.

            pipeline.trigger("nightly", "cron", expression="30 2 * * *", zone="Europe/Berlin", params={"region": "eu"})

        A document that declares no trigger leaves alone those that an earlier one declared; :meth:`no_triggers` ends them.

        :param type: ``cron``, ``interval``, ``webhook``, ``github``, ``pipeline`` or ``extension``.
        :param enabled: whether events of it run; without it, it stays as somebody set it, and a new one is enabled.
        :param overlap: what becomes of an event while a run of it has not ended: ``allow``, ``skip``, ``queue_one``, ``queue``, ``cancel_oldest``.
        :param version: the version that its runs get; the live one without it.
        :param params: the parameters of its runs: values, or where in the event they are, as ``{"pointer": "/after"}``.
        :param members: what :data:`TRIGGERS` names for the type, as the guide on triggers has it; durations are text or a ``timedelta``.
        """
        known = TRIGGERS[_word(type, "type", tuple(TRIGGERS))]
        for name in members:
            if name not in known:
                raise TypeError(f"There is no '{name}' in a trigger of the type '{type}'; there are {', '.join(known)}.")
        self._setting("triggers", id, dict(type=type, enabled=enabled, overlap=overlap, version=version, params=params, **members))

    def no_triggers(self) -> None:
        """Says that none is to be left of the triggers that earlier documents declared."""
        self._settings["triggers"] = {}

    def notification(
        self,
        id: str,
        url: str,
        on: Sequence[str],
        *,
        type: str = "webhook",
        secret: Optional[str] = None,
        longer_than: Optional[Duration] = None,
        enabled: Optional[bool] = None,
    ) -> None:
        """Declares who is told of what while the version is live.

        A document that declares no notification leaves alone those that an earlier one declared; :meth:`no_notifications` ends them.

        :param url: the address, or a secret that is all of it, such as ``namespace_secret{{hook}}``.
        :param on: of ``failed``, ``recovered``, ``succeeded``, ``cancelled`` and ``longer_than``.
        :param type: ``webhook``, a signed event, or ``slack``, a message as Slack and Mattermost take it.
        :param secret: the secret that signs what a webhook is sent.
        :param longer_than: the time after which ``longer_than`` is told, 1 second to 30 days.
        """
        self._setting("notifications", id, dict(on=_texts(on, "on"), type=type, url=url, secret=secret, longer_than=longer_than, enabled=enabled))

    def no_notifications(self) -> None:
        """Says that none is to be left of the notifications that earlier documents declared."""
        self._settings["notifications"] = {}

    def _setting(self, kind: str, id: str, members: Mapping[str, Any]) -> None:
        settings = self._settings.setdefault(kind, {})
        if _id(id) in settings:
            raise ValueError(f"The pipeline '{self.id}' has a {kind[:-1]} '{id}' already.")
        settings[id] = {"id": id, **{name: _plain(value) for name, value in members.items() if value is not None}}

    def task(
        self,
        id: str,
        image: str,
        *,
        command: Optional[Sequence[str]] = None,
        script: Optional[str] = None,
        entrypoint: Optional[Sequence[str]] = None,
        after: Union[Task, Iterable[Task]] = (),
        after_failure_of: Union[Task, Iterable[Task]] = (),
        after_any: Union[Task, Iterable[Task]] = (),
        env: Optional[Mapping[str, Union[str, Param[Any]]]] = None,
        description: str = "",
        working_dir: Optional[str] = None,
        user: Optional[str] = None,
        registry_auth: Optional[RegistryAuth] = None,
        inject_api_token: bool = False,
        always_pull: bool = False,
        cpu: Optional[str] = None,
        memory: Optional[str] = None,
        timeout: Optional[Duration] = None,
        allow_failure: bool = False,
        retry: Optional[Retry] = None,
        concurrency: Optional[Concurrency] = None,
        matrix: Optional[Mapping[str, Iterable[Union[str, int]]]] = None,
    ) -> Task:
        """Adds a task.

        :param command: replaces the image's command; no shell reads it.
        :param script: a POSIX shell script in place of ``command``; the indentation that all its lines share is taken off.
        :param after: starts after every one of these succeeded.
        :param after_failure_of: starts only where every one of these failed.
        :param after_any: starts after these succeeded, failed or were skipped.
        :param env: environment variables; a parameter may stand for a value.
        :param inject_api_token: gives the task a token for the API, ``GOFER_API_TOKEN``: for its own run alone, and until that ends.
        :param always_pull: pulls the image even where the engine has one of that name.
        :param cpu: at most so much CPU, such as ``"500m"`` or ``"2"``.
        :param memory: at most so much memory, such as ``"256Mi"``.
        :param timeout: stops an attempt that takes longer from its container's start, 100 ms to 30 days.
        :param allow_failure: lets the run succeed though this task fails.
        :param matrix: an instance for each combination of these values, each a variable (its name in upper case); tasks after this one
            wait for all instances.
        """
        _id(id)
        if id in self._tasks:
            raise ValueError(f"The pipeline '{self.id}' has a task '{id}' already.")
        if command is not None and script is not None:
            raise ValueError(f"The task '{id}' has a command and a script; it runs one of them.")
        if not image:
            raise ValueError(f"The task '{id}' needs an image.")
        if script is not None:
            command = ["sh", "-c", _dedent(script)]
        members = _kept(
            image=image,
            description=description,
            registry_auth=None if registry_auth is None else {
                "user": self._value(registry_auth.user, "registry_auth"),
                "pass": self._value(registry_auth.password, "registry_auth"),
            },
            depends_on=self._parents(id, (after, "success"), (after_failure_of, "failure"), (after_any, "any")),
            variables=self._variables(env or {}),
            entrypoint=_texts(entrypoint or (), "entrypoint"),
            command=_texts(command or (), "command"),
            working_dir=working_dir,
            user=user,
            inject_api_token=inject_api_token or None,
            always_pull_newest_image=always_pull or None,
            resources=_kept(cpu=cpu, memory=memory),
            timeout=_duration(timeout, "timeout"),
            allow_failure=allow_failure or None,
            retry=None if retry is None else retry._document(),
            concurrency=None if concurrency is None else concurrency._document(),
            matrix=_matrix(id, matrix or {}),
        )
        return self._add(id, members)

    def uses(
        self,
        id: str,
        uses: str,
        *,
        inputs: Optional[Mapping[str, Union[str, int, float, bool, Param[Any]]]] = None,
        after: Union[Task, Iterable[Task]] = (),
        after_failure_of: Union[Task, Iterable[Task]] = (),
        after_any: Union[Task, Iterable[Task]] = (),
        env: Optional[Mapping[str, Union[str, Param[Any]]]] = None,
        description: str = "",
        inject_api_token: bool = False,
        cpu: Optional[str] = None,
        memory: Optional[str] = None,
        timeout: Optional[Duration] = None,
        allow_failure: bool = False,
        retry: Optional[Retry] = None,
        concurrency: Optional[Concurrency] = None,
        matrix: Optional[Mapping[str, Iterable[Union[str, int]]]] = None,
    ) -> Task:
        """Adds a task that is a shared one.

            pipeline.uses("lint", "lint@2", inputs={"path": f"src/{region}", "depth": 3}, after=load)

        :param uses: the shared task with a major version, ``lint@2``, or a minor one, ``lint@2.1``; the newest below it runs.
        :param inputs: what it gets; parameters may stand inside a text, and a secret for a whole one.

        The rest is as in :meth:`task`; image, command and what belongs to them the shared task brings.
        """
        _id(id)
        if id in self._tasks:
            raise ValueError(f"The pipeline '{self.id}' has a task '{id}' already.")
        if not re.fullmatch(_USES, uses):
            raise ValueError(f"The task '{id}' uses '{uses}'; a shared task is named with a version, such as lint@2 or lint@2.1.")
        return self._add(id, _kept(
            uses=uses,
            **{"with": {name: self._input(inputs[name], name) for name in sorted(inputs)} if inputs else {}},
            description=description,
            depends_on=self._parents(id, (after, "success"), (after_failure_of, "failure"), (after_any, "any")),
            variables=self._variables(env or {}),
            inject_api_token=inject_api_token or None,
            resources=_kept(cpu=cpu, memory=memory),
            timeout=_duration(timeout, "timeout"),
            allow_failure=allow_failure or None,
            retry=None if retry is None else retry._document(),
            concurrency=None if concurrency is None else concurrency._document(),
            matrix=_matrix(id, matrix or {}),
        ))

    def _add(self, id: str, members: dict[str, Any]) -> Task:
        task = Task(self, id, {"id": id, **members})
        self._tasks[id] = task
        return task

    def _input(self, value: Union[str, int, float, bool, Param[Any]], name: str) -> Union[str, int, float, bool]:
        return value if isinstance(value, (int, float)) else self._value(value, name)

    def to_dict(self) -> dict[str, Any]:
        """The document as plain dictionaries and lists."""
        return {
            "id": self.id,
            "name": self.name,
            **self._head,
            **_kept(params=[param._document() for param in self._params.values()]),
            **{name: list(settings.values()) for name, settings in self._settings.items()},
            "tasks": [task._members for task in self._tasks.values()],
        }

    def to_json(self) -> str:
        """The document as JSON; the same pipeline always gives the same text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)

    def print(self, file: Optional[TextIO] = None) -> None:
        """Writes the document to ``file``, standard output where none is given, in UTF-8."""
        text = self.to_json() + "\n"
        if file is None and hasattr(sys.stdout, "buffer"):
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode("utf-8"))
            sys.stdout.buffer.flush()
        else:
            (file or sys.stdout).write(text)

    def _parents(self, id: str, *groups: Tuple[Union[Task, Iterable[Task]], str]) -> dict[str, str]:
        parents: dict[str, str] = {}
        for given, condition in groups:
            for parent in [given] if isinstance(given, Task) else given:
                if not isinstance(parent, Task):
                    raise TypeError(f"The task '{id}' depends on {parent!r}; name the task itself, not its id.")
                if self._tasks.get(parent.id) is not parent:
                    raise ValueError(f"The task '{parent.id}' belongs to another pipeline.")
                if parents.setdefault(parent.id, condition) != condition:
                    raise ValueError(f"The task '{id}' depends on '{parent.id}' in two ways.")
        return parents

    def _variables(self, env: Mapping[str, Union[str, Param[Any]]]) -> dict[str, str]:
        for name in env:
            if not name or "=" in name or name.startswith("GOFER_"):
                raise ValueError(f"'{name}' cannot be a variable: it must have a name without '=' that does not start with GOFER_.")
        return {name: self._value(env[name], name) for name in sorted(env)}

    def _value(self, value: Union[str, Param[Any]], place: str) -> str:
        if isinstance(value, Param):
            if self._params.get(value.name) is not value:
                raise ValueError(f"The parameter '{value.name}' belongs to another pipeline.")
            return str(value)
        if not isinstance(value, str):
            raise TypeError(f"'{place}' is {value!r}; it must be a str or a parameter.")
        return value


def _plain(value: Any) -> Any:
    """Durations as text, at any depth."""
    if isinstance(value, timedelta):
        return _duration(value, "duration", 0, 366)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _kept(**members: Any) -> dict[str, Any]:
    """The members that ask for something."""
    return {name: value for name, value in members.items() if value is not None and value != "" and value != [] and value != {}}


def _id(id: str) -> str:
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise ValueError(f"{id!r} is no valid id: 1 to 63 letters, digits, '-' or '_', the first a letter or digit.")
    return id


def _is(value: Any, type: type) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) if type is int else \
        (isinstance(value, (int, float)) and not isinstance(value, bool)) if type is float else isinstance(value, type)


def _within(value: Any, name: str, least: float, most: float) -> Any:
    if not least <= value <= most:
        raise ValueError(f"'{name}' is {value}; it must be from {least} to {most}.")
    return value


def _whole(value: Any, name: str, least: int, most: int) -> int:
    if not _is(value, int):
        raise TypeError(f"'{name}' is {value!r}; it must be a whole number.")
    return int(_within(value, name, least, most))


def _word(value: str, name: str, words: Sequence[str]) -> str:
    if value not in words:
        raise ValueError(f"'{name}' is {value!r}; it must be one of {', '.join(words)}.")
    return value


def _texts(values: Iterable[Any], name: str) -> List[str]:
    if isinstance(values, str):
        raise TypeError(f"'{name}' is one str; it must be a list of them.")
    texts = list(values)
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"'{name}' holds {text!r}; it must hold str only.")
    return texts


def _map(values: Mapping[str, str], name: str) -> dict[str, str]:
    _texts(values.values(), name)
    return {key: values[key] for key in sorted(values)}


def _matrix(id: str, matrix: Mapping[str, Iterable[Union[str, int]]]) -> dict[str, List[str]]:
    axes: dict[str, List[str]] = {}
    for name in sorted(matrix):
        if not _VARIABLE.fullmatch(name) or name.upper().startswith("GOFER_"):
            raise ValueError(f"'{name}' cannot be a member of the matrix of '{id}': letters, digits and '_', no digit first, not GOFER_.")
        if isinstance(matrix[name], str):
            raise TypeError(f"The matrix member '{name}' of the task '{id}' is one str; it must be a list of them.")
        values = [str(value) if _is(value, int) else value for value in matrix[name]]
        if not values or len(set(values)) < len(values):
            raise ValueError(f"The matrix member '{name}' of the task '{id}' needs values, each of them once.")
        axes[name] = _texts(values, name)
    return axes


def _duration(value: Optional[Duration], name: str, least_ms: int = 100, most_days: int = 30) -> Optional[str]:
    if value is None:
        return None
    if isinstance(value, str):
        if not _DURATION.fullmatch(value):
            raise ValueError(f"'{name}' is {value!r}; it must be a timedelta, or a duration such as 90s or 1h30m.")
        return value
    if not timedelta(milliseconds=least_ms) <= value <= timedelta(days=most_days):
        raise ValueError(f"'{name}' is {value}; it must be from {least_ms} ms to {most_days} days.")
    rest, text = value // timedelta(milliseconds=1), ""
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def _dedent(script: str) -> str:
    return textwrap.dedent(script.replace("\r\n", "\n")).strip("\n").rstrip()
