"""Numbers that PyTorch 2.13 gave, written down: these tests need no PyTorch.

Every row: sampler, arguments, dtype, how many, seed, and the bytes of the array (little endian).
"""

import hashlib

import numpy as np
import pytest

import engine.random
from engine.random import Generator, multinomial, normal_, randperm, seed_from

# fmt: off
GOLDEN = [
    ("uniform_", (), "float32", 4, 40,
     "8c5abc3edbb85d3f1ce0313ea538373f"),
    ("uniform_", (-0.05, 0.05), "float32", 4, 41,
     "33e7d7bc5df4dfbcc031f63c308007bd"),
    ("uniform_", (-0.05, 0.05), "float64", 4, 42,
     "e23689865b9fa6bf50de431b0661a6bff545708dbb45a3bf478654d86be8a6bf"),
    ("uniform_", (), "float16", 4, 43,
     "43374a325e3b8a35"),
    ("normal_", (), "float32", 3, 44,
     "5770713db17db2bf9243583f"),
    ("normal_", (), "float32", 17, 45,
     "14700c3ee498953e49a594bfa8d0d1bf256a07be72d5de3b13a32fbf8aa6f2bfecf55e3f"
     "ae64b6bfb3363d3f2d2516400b011f3f9dab03bf64d94c3fbba1f0bf51528cbf"),
    ("normal_", (0.3, 1.7), "float32", 20, 46,
     "ee47e63ff16aa4bd2afe0a40dcffa53f2cc5383f96da33406a1e034077748c3fb55396be"
     "548183bf84e9d4bf7922a93e9dc3683efc3411bf1899edbf6060143e7e71e4bedd5bbc3e"
     "61245a4081010dc0"),
    ("normal_", (0.3, 1.7), "float64", 17, 47,
     "1fe46a98230900409ff02bf9da7cdbbfbf37c08c7e3203c051eadcbc8b8adfbf356dcc93"
     "ae26fc3fccd94b94fbe4d23f3e6f9ed6f19ef6bf5734a6519e4f084093ab14ed0116d4bf"
     "64245d04fe4dfe3f28e82a85c135f9bf8e7e2bd92e93f33fab1fff08d019fabfbb76b248"
     "4d92f3bf4048c3b7926bd23f158b84f1bf7fd93f39116aa8605702c0"),
    ("normal_", (), "float16", 18, 48,
     "ee2ca5b7393a54b77eba6b3efa3595b44ea9a7bef3b7f43d953990b482be44b418bba62f"),
    ("log_normal_", (0.0, 1.0), "float32", 3, 49,
     "b16c083e75f5ee40ebad873f"),
    ("exponential_", (1.5,), "float64", 3, 50,
     "a8cacfe477c7fe3fc88e70d835b2b43f1c2f0cfcad2dc43f"),
    ("geometric_", (0.1,), "int64", 4, 51,
     "0200000000000000060000000000000018000000000000000100000000000000"),
    ("cauchy_", (0.3, 2.7), "float64", 3, 52,
     "57e77c38a5700540cb9031f8df22cb3f0336ceb4d83efc3f"),
    ("bernoulli_", (0.3,), "bool", 8, 53,
     "0001000100010000"),
    ("random_", (), "int64", 2, 54,
     "459da5316f1c916b0fefa4008243fd5c"),
    ("random_", (), "uint8", 8, 55,
     "cd9a27c87d1dbde5"),
    ("random_", (), "float32", 2, 56,
     "5afe734bcc890f4b"),
    ("random_", (-5, 100), "int64", 4, 57,
     "050000000000000018000000000000005e000000000000003700000000000000"),
    ("random_", (0, 1099511627776), "int64", 3, 58,
     "201a5bd523000000195c30e417000000956b66f68e000000"),
]

# torch.randn(2, 3) after torch.manual_seed(...).
STANDARD_NORMAL = {
    0: "5c3fc53f503c96be49710bc0b684113fa1d18abf2d05b3bf",
    1: "604e293f47aa883e4ba17c3da70e1f3f3860e7be0b1e2abe",
    42: "ae62ac3e9de6033ee716703e6cdc6b3ec2b98fbfd8cc3ebe",
    1337: "dba901c04c3104c054499abf858769bf4507a0bfbaa04d3f",
    2147483647: "c3e17abf5c34d4bf23276abd6e84aebe8f580640f378653f",
}
# fmt: on


@pytest.mark.parametrize(("sampler", "arguments", "dtype", "count", "seed", "expected"), GOLDEN)
def test_samplers(
    sampler: str, arguments: tuple, dtype: str, count: int, seed: int, expected: str
) -> None:
    array = np.empty(count, dtype)
    getattr(engine.random, sampler)(array, *arguments, generator=Generator().manual_seed(seed))
    assert array.tobytes().hex() == expected


@pytest.mark.parametrize("seed", STANDARD_NORMAL)
def test_the_first_normal_numbers(seed: int) -> None:
    array = normal_(np.empty((2, 3), np.float32), generator=Generator().manual_seed(seed))
    assert array.tobytes().hex() == STANDARD_NORMAL[seed]


def test_normal_numbers_of_a_transposed_array() -> None:
    # One by one, although there are 16: torch.empty(4, 4).t().normal_() after manual_seed(1).
    array = normal_(np.empty((4, 4), np.float32).T, generator=Generator().manual_seed(1))
    assert array.tobytes().hex() == (
        "604e293f3860e7beae8883bfaa3348be47aa883e0b1e2abe3a2410bfeb3377bf"
        "4ba17c3d14eac2bf276d64bfd246d83ea70e1f3f136cc33ebd976ebdc6dd883e"
    )


def test_choices() -> None:
    generator = Generator().manual_seed(42)
    assert randperm(12, generator=generator).tolist() == [6, 8, 1, 7, 0, 2, 10, 11, 4, 3, 5, 9]
    first = randperm(500, generator=generator)[:8]
    assert first.tolist() == [14, 145, 476, 158, 184, 295, 33, 180]
    p = np.array([0.0, 10, 3, 0], np.float32)
    assert multinomial(p, 4, generator=generator).tolist() == [1, 2, 0, 3]
    assert multinomial(p, 6, True, generator).tolist() == [1, 1, 1, 2, 1, 2]
    assert seed_from(generator) == 4441397028416810087


def test_states() -> None:
    generator = Generator().manual_seed(2**40 + 5)
    assert hashlib.sha256(generator.state_bytes()).hexdigest() == (
        "28262c8d68755e7959e95294c9f4c5818f015dc006501109e9c1e5d0b878a2da"
    )
    normal_(np.empty(7, np.float32), generator=generator)
    assert hashlib.sha256(generator.state_bytes()).hexdigest() == (
        "3aad14f4fac14481021e73fb29e77c9a3a434a0dfe2ef48b61b7a73cb74b40cc"
    )
