"""Switches: recording, and watching for NaN."""

import threading
import warnings

import pytest

import engine
from engine import Value


def test_no_grad_and_its_relatives():
    x = Value(2.0)
    with engine.no_grad():
        assert not engine.is_grad_enabled()
        assert (x * x).is_leaf
        assert engine.dot([x], [x]).is_leaf
        with engine.enable_grad():
            assert not (x * x).is_leaf
        assert (x + 1).is_leaf
    assert not (x * x).is_leaf

    @engine.no_grad()
    def plain(v):
        return v * v

    @engine.no_grad
    def bare(v):
        return v * v

    assert plain(x).is_leaf
    assert bare(x).is_leaf
    assert plain.__name__ == "plain"
    with engine.set_grad_enabled(False):
        assert (x * x).is_leaf
    engine.set_grad_enabled(False)
    assert not engine.is_grad_enabled()
    engine.set_grad_enabled(True)
    assert engine.is_grad_enabled()
    with pytest.raises(ZeroDivisionError), engine.no_grad():
        raise ZeroDivisionError
    assert engine.is_grad_enabled()


def test_modes_belong_to_a_thread():
    seen = []
    with engine.no_grad():
        thread = threading.Thread(target=lambda: seen.append(engine.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_anomaly_detection_names_op_line_and_values():
    x = Value(-1.0, label="x")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        x.log()
    assert not caught
    with (
        engine.detect_anomaly(),
        pytest.warns(
            RuntimeWarning, match=r"log at .*test_modes\.py:\d+ made a NaN: x = -1\.0"
        ) as w,
    ):
        y = x.log() + 1
    assert len(w) == 1, "a NaN that is only handed on is not reported again"
    assert w[0].filename == __file__
    z = Value(0.0, label="z")
    out = engine.where(True, z, z.sqrt() * 0)
    with engine.autograd.detect_anomaly(), pytest.raises(RuntimeError, match="gave NaN to 'z'"):
        out.backward()
    assert not z.is_grad_known
    assert y.data != y.data


def test_a_decorated_generator_runs_with_the_switch_and_its_caller_without():
    @engine.no_grad()
    def squares(x):
        seen = yield x * x
        yield (x * x).is_leaf, seen
        return engine.is_grad_enabled()

    x = Value(2.0)
    steps = squares(x)
    assert next(steps).is_leaf
    assert not (x * x).is_leaf
    assert steps.send("sent") == (True, "sent")
    try:
        next(steps)
    except StopIteration as stop:
        assert stop.value is False
    early = squares(x)
    next(early)
    early.close()
    assert engine.is_grad_enabled()
