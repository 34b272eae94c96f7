"""The profiler: counts are exact, times add up, and the program is as it was."""

import sys
import threading

import pytest

import engine
from engine.autograd import profiler


def rows(prof):
    return {row.key: row for row in prof.key_averages()}


def test_operations_are_counted_forth_and_back():
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    before = sys.getprofile()
    with profiler.profile() as prof:
        for _ in range(3):
            (x * x).exp().sum().backward()
    assert sys.getprofile() is before
    found = rows(prof)
    for name in ("mul", "mul backward", "exp", "exp backward", "total", "total backward"):
        assert found[name].count == 3, name
        assert 0 <= found[name].self_cpu_time_total <= found[name].cpu_time_total
    assert found["mul"].cpu_time == found["mul"].cpu_time_total / 3
    total = sum(row.self_cpu_time_total for row in prof.key_averages())
    assert prof.self_cpu_time_total == pytest.approx(total)
    (x * x).sum()
    assert rows(prof)["mul"].count == 3, "nothing is counted afterwards"


def test_the_table():
    x = engine.tensor([1.0, 2.0])
    with profiler.profile(use_cpu=True) as prof:
        for _ in range(4):
            x * x
        x + x
    lines = prof.key_averages().table(sort_by="count", row_limit=1).splitlines()
    assert lines[0].split("  ")[0] == "Name"
    assert lines[2].startswith("mul")
    assert lines[2].endswith(" 4")
    assert lines[-1].startswith("Self CPU time total: ")
    assert len(lines) == 5
    assert str(prof).count("\n") == 5
    with pytest.raises(AttributeError):
        prof.key_averages().table(sort_by="weight")


def test_named_stretches_contain_what_runs_inside():
    x = engine.tensor([1.0, 2.0])

    @profiler.record_function("decorated")
    def twice():
        return x + x

    with profiler.profile() as prof:
        with profiler.record_function("outer"):
            x * x
            with profiler.record_function("inner"):
                twice()
        with pytest.raises(ZeroDivisionError), profiler.record_function("fails"):
            raise ZeroDivisionError
    found = rows(prof)
    assert [found[k].count for k in ("outer", "inner", "decorated", "fails", "mul", "add")] == (
        [1] * 6
    )
    inside = found["inner"].cpu_time_total + found["mul"].cpu_time_total
    assert found["outer"].cpu_time_total >= inside
    assert found["outer"].self_cpu_time_total <= found["outer"].cpu_time_total - inside + 1e-6
    with profiler.record_function("outside"):
        pass


def test_a_disabled_profile_and_other_threads():
    x = engine.tensor([1.0, 2.0])
    with profiler.profile(enabled=False) as prof:
        x * x
    assert not prof.key_averages()

    def other():
        with profiler.record_function("elsewhere"):
            x * x

    with profiler.profile() as prof:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert "elsewhere" not in rows(prof)
    assert "mul" not in rows(prof)
