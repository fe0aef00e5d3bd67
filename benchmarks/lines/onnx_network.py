"""A relu network with softmax output as an ONNX model, and its session in onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads import Workload

IR_VERSION, OPSET = 10, 21


def model(workload: Workload, dtype: str) -> bytes:
    """Gemm, Relu, …, Gemm, Softmax on rows of any number; serialised."""
    from onnx import TensorProto, checker, helper, numpy_helper

    kind = TensorProto.FLOAT if dtype == "float32" else TensorProto.DOUBLE
    nodes, constants, value = [], [], "x"
    layers = workload.initial_weights(dtype)
    for i, (W, b) in enumerate(layers, start=1):
        constants += [numpy_helper.from_array(a, f"{name}{i}") for a, name in ((W, "W"), (b, "b"))]
        nodes.append(helper.make_node("Gemm", [value, f"W{i}", f"b{i}"], [f"z{i}"], transB=1))
        value = "f" if i == len(layers) else f"h{i}"
        nodes.append(helper.make_node("Softmax" if i == len(layers) else "Relu", [f"z{i}"], [value]))
    graph = helper.make_graph(
        nodes,
        workload.name,
        [helper.make_tensor_value_info("x", kind, ["n", workload.layers[0]])],
        [helper.make_tensor_value_info("f", kind, ["n", workload.layers[-1]])],
        constants,
    )
    made = helper.make_model(graph, ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)])
    checker.check_model(made)
    return made.SerializeToString()


def session(workload: Workload, dtype: str) -> Any:
    """``session(X)`` gives the outputs; onnxruntime's own number of threads."""
    import onnxruntime

    made = onnxruntime.InferenceSession(model(workload, dtype), providers=["CPUExecutionProvider"])

    def run(X: np.ndarray[Any, Any]) -> Any:
        return made.run(None, {"x": X})[0]

    return run
