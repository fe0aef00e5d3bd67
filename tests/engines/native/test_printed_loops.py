"""Loops around printed formulas are vector instructions of their level, read back as machine code."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from multilayer.formulas.activations import ACTIVATIONS
from multilayer.formulas.losses import LOSSES
from multilayer.formulas.update_rules import UPDATE_RULES

HERE = Path(__file__).parent
ENGINE = HERE.parents[2] / "src" / "multilayer" / "engines" / "native"
REGISTER = {"v2": "%xmm", "v3": "%ymm", "v4": "%zmm"}
every_level = pytest.mark.parametrize("level", REGISTER)

# The names that C++ gives to the registries' entries, and to the functions that loop over them.
ENTRIES = [
    f"{name.title().replace('_', '')}{kind}"
    for kind, registry in {"Activation": ACTIVATIONS, "Loss": LOSSES, "Rule": UPDATE_RULES}.items()
    for name in registry
]
LOOP = re.compile(r"\b(activate_by|multiply_by_slope_of|LossByUnit|own_values|own_values_and_deltas|update_slice)<")

# What takes vectors apart. A step's numbers, the same for all lanes, are added, subtracted and converted one by one.
LANE_BY_LANE = re.compile(
    r"v?((add|sub|mul|div|sqrt|min|max|round|rndscale|fn?m(add|sub)\d+)s[sd]|cvtt?(ss|sd|si)2\w+|p(extr|insr)\w+)\b"
)
OF_A_STEP = re.compile(r"v?((add|sub)s[sd]|cvt(ss|sd)2s[sd])\b")

# Sines and cosines of numbers beyond the reduction's range are libm's, one at a time.
FROM_LIBM = {"sin", "sinf", "cos", "cosf"}
NOT_OF_LIBM = re.compile(r"_(?!ZGV)|mem(cpy|set|cmp|move)$")  # C++ and memory; _ZGV are libmvec's


class Instruction(NamedTuple):
    address: int
    text: str


def functions(disassembly: str) -> dict[str, list[Instruction]]:
    """What objdump prints, function by function."""
    found: dict[str, list[Instruction]] = {}
    for line in disassembly.splitlines():
        if name := re.fullmatch(r"[0-9a-f]+ <(.*)>:", line):
            code = found.setdefault(name[1].replace("multilayer::", ""), [])
        elif instruction := re.match(r"\s+([0-9a-f]+):\s+(.*)", line):
            code.append(Instruction(int(instruction[1], 16), instruction[2]))
    return found


def inside_loops(code: list[Instruction]) -> list[str]:
    """What lies between the target of a jump backwards and the jump."""
    jumps = [(re.match(r"j\w+\s+([0-9a-f]+)", text), address) for address, text in code]
    spans = [(int(jump[1], 16), end) for jump, end in jumps if jump and code[0].address <= int(jump[1], 16) <= end]
    return [text for address, text in code if any(begin <= address <= end for begin, end in spans)]


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The loops compiled for each level, with the options of the engine."""
    if platform.machine() != "x86_64" or platform.system() != "Linux":
        pytest.skip("reads machine code of x86-64 as objdump writes it on Linux")
    for tool in ("g++", "objdump", "nm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    options = re.findall(r"(?<=\s)-f[a-z][\w=-]*", (ENGINE / "levels.cmake").read_text(encoding="utf-8"))
    assert "-ffp-contract=off" in options
    command = ["g++", "-std=c++17", "-O3", *options, "-Wno-psabi", "-I", ENGINE, "-c", HERE / "printed_loops.cpp"]
    paths = {level: tmp_path_factory.mktemp("loops") / f"{level}.o" for level in REGISTER}
    compilers = [subprocess.Popen([*command, f"-march=x86-64-{level}", "-o", path]) for level, path in paths.items()]
    assert [compiler.wait() for compiler in compilers] == [0] * len(compilers)
    return paths


@pytest.fixture(scope="module")
def loops(objects: dict[str, Path]) -> dict[str, dict[str, list[str]]]:
    """For each level and function, the instructions inside its loops."""
    command = ["objdump", "--disassemble", "--demangle", "--no-show-raw-insn"]
    printed = {
        level: subprocess.run([*command, path], capture_output=True, text=True, check=True).stdout
        for level, path in objects.items()
    }
    return {
        level: {name: inside_loops(code) for name, code in functions(text).items()} for level, text in printed.items()
    }


@every_level
def test_every_loop_of_a_formula_uses_whole_registers(loops: dict[str, dict[str, list[str]]], level: str) -> None:
    of_formulas = {name: code for name, code in loops[level].items() if LOOP.search(name)}
    for number in ("float", "double"):
        named = " ".join(name for name in of_formulas if number in name)
        assert [entry for entry in ENTRIES if f"::{entry}" not in named] == []
    assert [name for name, code in of_formulas.items() if not any(REGISTER[level] in text for text in code)] == []


@every_level
def test_no_loop_works_lane_by_lane(loops: dict[str, dict[str, list[str]]], level: str) -> None:
    found = {
        name: [text for text in code if LANE_BY_LANE.match(text) and not ("Rule" in name and OF_A_STEP.match(text))]
        for name, code in loops[level].items()
        if "(Extras)2" not in name  # beside any penalties and clipping, whose settings are looked at again and again
    }
    assert {name: texts for name, texts in found.items() if texts} == {}


@every_level
def test_libm_is_called_for_large_angles_only(objects: dict[str, Path], level: str) -> None:
    command = ["nm", "--undefined-only", "--format=just-symbols", objects[level]]
    undefined = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in undefined if not NOT_OF_LIBM.match(name)} <= FROM_LIBM
