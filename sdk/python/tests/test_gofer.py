"""What the SDK writes and what it refuses; ``python3 -m unittest discover sdk/python/tests`` with src on PYTHONPATH."""

import contextlib
import io
import json
import runpy
import unittest
from datetime import timedelta
from pathlib import Path

import gofer
from gofer import Concurrency, Pipeline, RegistryAuth, Retry

REPOSITORY = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((REPOSITORY / "docs/schemas/pipeline.v1.json").read_text("utf-8"))


def words(schema):
    """The words that an editor offers for a member."""
    return next(choice["enum"] for choice in schema["anyOf"] if "enum" in choice)


class Documents(unittest.TestCase):
    def test_the_full_document_is_the_one_that_every_sdk_prints(self):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            runpy.run_path(str(Path(__file__).with_name("full.py")))
        self.assertEqual(json.loads(output.getvalue()), json.loads((REPOSITORY / "sdk/full.json").read_text("utf-8")))

    def test_the_words_are_the_schemas(self):
        definitions = SCHEMA["$defs"]
        self.assertEqual(list(gofer.ON_LIMITS), words(SCHEMA["properties"]["on_limit"]))
        self.assertEqual(list(gofer.CONDITIONS), words(definitions["condition"]))
        self.assertEqual(list(gofer.PARAM_TYPES.values()), words(definitions["param"]["properties"]["type"]))
        self.assertEqual(list(gofer.FAILURES), words(definitions["task"]["properties"]["retry"]["properties"]["on"]["items"]))
        for word in gofer.ON_LIMITS:
            self.assertEqual(Pipeline("p", on_limit=word).to_dict().get("on_limit", "queue"), word)

    def test_what_asks_for_nothing_is_left_away(self):
        pipeline = Pipeline("p")
        pipeline.task("t", "i")
        self.assertEqual(pipeline.to_dict(), {"id": "p", "name": "p", "tasks": [{"id": "t", "image": "i"}]})

    def test_print_writes_json_and_a_line_end(self):
        pipeline, output = Pipeline("p", "Größe"), io.StringIO()
        pipeline.print(output)
        self.assertTrue(output.getvalue().endswith("\n"))
        self.assertEqual(json.loads(output.getvalue())["name"], "Größe")

    def test_durations_are_written_as_the_document_has_them(self):
        for given, written in ((timedelta(hours=36), "1d12h"), (timedelta(milliseconds=100), "100ms"), ("1.5h", "1.5h")):
            self.assertEqual(Pipeline("p", timeout=given).to_dict()["timeout"], written)


class Mistakes(unittest.TestCase):
    def setUp(self):
        self.pipeline = Pipeline("p")
        self.task = self.pipeline.task("t", "i")
        self.param = self.pipeline.param("x", int)

    def refused(self, error, message, action):
        with self.assertRaisesRegex(error, message):
            action()

    def test_of_names(self):
        for id in ("", "a b", "-a", "ä", "a\n", "x" * 64):
            self.refused(ValueError, "no valid id", lambda: Pipeline(id))
            self.refused(ValueError, "no valid id", lambda: self.pipeline.task(id, "i"))
        self.refused(ValueError, "a task 't' already", lambda: self.pipeline.task("t", "i"))
        self.refused(ValueError, "a parameter 'x' already", lambda: self.pipeline.param("x"))
        self.refused(TypeError, "unexpected keyword", lambda: self.pipeline.task("u", "i", comand=["ls"]))

    def test_of_parents(self):
        self.refused(TypeError, "name the task itself", lambda: self.pipeline.task("u", "i", after=["t"]))
        self.refused(ValueError, "another pipeline", lambda: self.pipeline.task("u", "i", after=Pipeline("q").task("t", "i")))
        self.refused(ValueError, "in two ways", lambda: self.pipeline.task("u", "i", after=self.task, after_any=self.task))
        self.assertEqual(["t"], [task.id for task in self.pipeline.tasks])

    def test_of_parameters(self):
        self.refused(ValueError, "none of its choices", lambda: self.pipeline.param("y", default="c", choices=["a", "b"]))
        self.refused(TypeError, "and True is none", lambda: self.pipeline.param("y", int, default=True))
        self.refused(TypeError, "must be str, int", lambda: self.pipeline.param("y", list))
        self.refused(ValueError, "another pipeline", lambda: Pipeline("q").task("t", "i", env={"A": self.param}))

    def test_of_values(self):
        for members, message in (
            ({"env": {"GOFER_X": "1"}}, "cannot be a variable"),
            ({"env": {"A": 1}}, "must be a str or a parameter"),
            ({"command": "ls"}, "one str"),
            ({"command": ["ls"], "script": "ls"}, "one of them"),
            ({"timeout": "soon"}, "90s or 1h30m"),
            ({"timeout": timedelta(days=31)}, "30 days"),
            ({"retry": Retry(101)}, "from 1 to 100"),
            ({"retry": Retry(2, factor=11)}, "from 1 to 10"),
            ({"retry": Retry(2, on=["boredom"])}, "one of exit_code"),
            ({"retry": Retry(2, exit_codes=[0])}, "from 1 to 255"),
            ({"concurrency": Concurrency("", 1)}, "1 to 255 characters"),
            ({"concurrency": Concurrency("k", 0)}, "from 1 to"),
            ({"matrix": {"shard": []}}, "needs values"),
            ({"matrix": {"shard": "123"}}, "one str"),
            ({"matrix": {"a-b": ["1"]}}, "cannot be a member"),
            ({"registry_auth": RegistryAuth("u", None)}, "must be a str"),
        ):
            with self.subTest(members=members):
                self.refused((ValueError, TypeError), message, lambda: self.pipeline.task("u", "i", **members))
        for members in ({"priority": 101}, {"parallelism": -1}, {"on_limit": "wait"}, {"timeout": timedelta(0)}, {"labels": {"a": 1}}):
            with self.subTest(members=members):
                self.refused((ValueError, TypeError), "must", lambda: Pipeline("q", **members))

    def test_triggers_and_notifications(self):
        pipeline = Pipeline("q")
        self.assertNotIn("triggers", pipeline.to_dict())
        pipeline.no_triggers()
        pipeline.no_notifications()
        self.assertEqual([], pipeline.to_dict()["triggers"])
        self.assertEqual([], pipeline.to_dict()["notifications"])
        pipeline.trigger("a", "interval", every=timedelta(minutes=90))
        self.assertEqual([{"id": "a", "type": "interval", "every": "1h30m"}], pipeline.to_dict()["triggers"])
        self.refused(ValueError, "has a trigger 'a' already", lambda: pipeline.trigger("a", "webhook"))
        self.refused(TypeError, "There is no 'zone' in a trigger of the type 'webhook'", lambda: pipeline.trigger("b", "webhook", zone="UTC"))
        self.refused(ValueError, "one of cron, interval", lambda: pipeline.trigger("b", "alarm"))
        self.refused((ValueError, TypeError), "one str", lambda: pipeline.notification("n", "https://example.org", "failed"))


if __name__ == "__main__":
    unittest.main()
