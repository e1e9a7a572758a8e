"""Faults in what a user types, and in what must stay secret."""

from tests.mutations import Mutation

SECRETS = [
    Mutation(
        "secrets",
        "a key that a server repeats in its message stands in journals, results and logs",
        "scripts/personas/core/cleaning.py",
        "text = text.replace(secret, _KEY) if secret else text",
        "text = str(text)",
    ),
    Mutation(
        "secrets",
        "a redirect sends the key, and every prompt, elsewhere",
        "scripts/personas/engines/http/connections.py",
        "allow_redirects=False",
        "allow_redirects=True",
    ),
    Mutation(
        "secrets",
        "the key of our own engine goes over the company's proxy",
        "scripts/personas/engines/http/proxies.py",
        "if is_here(host):",
        "if not host:",
    ),
    Mutation(
        "secrets",
        "a password in an address is accepted, and stands in the plan of every run",
        "scripts/personas/engines/kinds/endpoint.py",
        ' or "@" in parts.netloc',
        "",
    ),
    Mutation(
        "secrets",
        "a key with a blank in it is printed",
        "scripts/personas/engines/kinds/endpoint.py",
        "found blanks, a line break or foreign letters in {model.key_variable}, ",
        "found {key!r} in {model.key_variable}, ",
    ),
    Mutation(
        "secrets",
        "whoever lists the machine's processes reads the key of vLLM",
        "scripts/personas/engines/kinds/vllm.py",
        '        "--host": "127.0.0.1",\n',
        '        "--host": "127.0.0.1",\n        "--api-key": key,\n',
    ),
]

CLI = [
    Mutation(
        "CLI",
        "a script goes on after a config that was refused",
        "scripts/personas/cli/main.py",
        "raise SystemExit(1)",
        "raise SystemExit(0)",
    ),
    Mutation(
        "CLI",
        "`personas gc` removes without being asked to",
        "scripts/personas/cli/main.py",
        'typer.Option("--yes", help="Remove what is listed.")] = False',
        'typer.Option("--yes", help="Remove what is listed.")] = True',
    ),
    Mutation(
        "CLI",
        "`personas forget --dry-run` forgets",
        "scripts/personas/cli/main.py",
        "forget(results, patterns, keep_answers, dry_run)",
        "forget(results, patterns, dry_run, keep_answers)",
    ),
    Mutation(
        "CLI",
        "a second config file that sets one value of a section removes the others",
        "scripts/personas/config/reading/loader.py",
        "        if isinstance(value, Mapping) and isinstance(target.get(key), dict):\n"
        "            _merge(target[key], value)\n        else:\n            target[key] = value",
        "        target[key] = value",
    ),
    Mutation(
        "CLI",
        "of two models with one name the first vanishes without a word",
        "scripts/personas/core/strict_yaml.py",
        "        first_lines[key] = line\n",
        "",
    ),
    Mutation(
        "CLI",
        "`personas gc --keep` removes the results of the study that it was to keep",
        "scripts/personas/workflow/upkeep/gc.py",
        "_needed_files(plan, results).union(*(_needed_beside(file, results) for file in keep))",
        "_needed_files(plan, results)",
    ),
]
