"""The modules of the package import each other in one direction only."""
from __future__ import annotations

import ast
import pathlib
import subprocess
import sys
import tempfile
import unittest
from typing import Dict, List, Optional, Set

PACKAGE = pathlib.Path(__file__).resolve().parent.parent / 'src/deltastream_socket_client'

#: The modules that each module imports, by name. `__init__` is the package itself.
Graph = Dict[str, Set[str]]


def import_graph(package: pathlib.Path) -> Graph:
    """Reads every import: those inside functions and those under `TYPE_CHECKING` as well."""
    modules = {path.stem for path in package.glob('*.py')}
    return {module: imported_modules(package, module, modules) - {module} for module in modules}


def imported_modules(package: pathlib.Path, module: str, modules: Set[str]) -> Set[str]:
    found: Set[str] = set()
    for node in ast.walk(ast.parse((package / f'{module}.py').read_text())):
        if isinstance(node, ast.Import):
            origins = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level > 1:
            continue  # From the package around this one.
        elif isinstance(node, ast.ImportFrom):
            origin = f'{package.name}.{node.module or ""}' if node.level else node.module or ''
            # `from . import rooms` names a module, `from .rooms import Room` names something in
            # one.
            origins = [f'{origin.rstrip(".")}.{alias.name}' for alias in node.names]
        else:
            continue
        for origin in origins:
            root, _, rest = origin.partition('.')
            if root == package.name:
                name = rest.partition('.')[0]
                found.add(name if name in modules else '__init__')
    return found


def find_cycle(graph: Graph) -> Optional[List[str]]:
    """One import cycle, as the path that leads back to its first module."""
    finished: Set[str] = set()

    def visit(module: str, path: List[str]) -> Optional[List[str]]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in finished:
            return None
        for imported in sorted(graph[module]):
            cycle = visit(imported, [*path, module])
            if cycle is not None:
                return cycle
        finished.add(module)
        return None

    return next((cycle for cycle in (visit(module, []) for module in sorted(graph)) if cycle is not None), None)


class Imports(unittest.TestCase):
    def test_the_package_has_no_import_cycle(self) -> None:
        graph = import_graph(PACKAGE)
        self.assertIn('core', graph['__init__'] | set().union(*graph.values()))
        cycle = find_cycle(graph)
        self.assertIsNone(cycle, f'import cycle: {" -> ".join(cycle or ())}')

    def test_testing_has_no_import_cycle_and_is_imported_by_programs_only(self) -> None:
        cycle = find_cycle(import_graph(PACKAGE / 'testing'))
        self.assertIsNone(cycle, f'import cycle: {" -> ".join(cycle or ())}')
        script = f'import {PACKAGE.name}, sys; sys.exit("{PACKAGE.name}.testing" in sys.modules or "unittest" in sys.modules)'
        self.assertEqual(subprocess.run([sys.executable, '-c', script], check=False).returncode, 0)

    def test_every_form_of_import_counts(self) -> None:
        sources = {
            '__init__': 'from .one import a',
            'one': 'from .two import b',
            'two': 'def late():\n    from . import three',
            'three': 'from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import example.four',
            'four': 'from example import one\nimport json',
        }
        with tempfile.TemporaryDirectory() as folder:
            package = pathlib.Path(folder) / 'example'
            package.mkdir()
            for name, source in sources.items():
                (package / f'{name}.py').write_text(source)
            self.assertEqual(find_cycle(import_graph(package)), ['one', 'two', 'three', 'four', 'one'])

    def test_no_module_has_the_name_of_one_that_programs_import(self) -> None:
        names = {path.stem for path in PACKAGE.glob('*.py')}
        known = {'requests', 'socketio', 'engineio', 'aiohttp', 'websocket', 'pandas', 'numpy', *getattr(sys, 'stdlib_module_names', ())}
        self.assertEqual(names & known, set())
