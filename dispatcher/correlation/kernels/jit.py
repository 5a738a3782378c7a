"""How kernels are compiled: exact, without the interpreter lock, and kept on disk under a name of their sources."""

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils as code
from numba.extending import intrinsic

from dispatcher.correlation.compilation import keyed_cache

# Numba keeps a function for as long as its own file stands still, although others are inlined in it: so the folder
# changes with all of them, whoever chose it.
_config: Any = numba.config
_folder = keyed_cache(_config.CACHE_DIR)
if _folder is not None:
    _config.CACHE_DIR = str(_folder)

_code: Final[Any] = code
F = TypeVar("F", bound=Callable[..., Any])
JIT: Final[Any] = numba.njit  # its annotations do not name `_nrt`

# Numba knows these as types; here they are functions to int.
i64: Final[Callable[[Any], int]] = cast("Any", np.int64)
u64: Final[Callable[[Any], int]] = cast("Any", np.uint64)
i32: Final[Callable[[Any], int]] = cast("Any", np.int32)
u32: Final[Callable[[Any], int]] = cast("Any", np.uint32)
u8: Final[Callable[[Any], int]] = cast("Any", np.uint8)


def _prefetch(_typing: Any, array: Any, _index: Any) -> Any:
    """The instruction that asks for the memory of one record ahead of its use."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array_type = signature.args[0]
        record = _code.get_item_pointer(
            context, builder, array_type, context.make_array(array_type)(context, builder, args[0]), [args[1]]
        )
        word = ir.IntType(32)
        function_type = ir.FunctionType(ir.VoidType(), [_code.voidptr_t, word, word, word])
        function = _code.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0")
        read, stays, of_values = word(0), word(3), word(1)
        builder.call(function, [builder.bitcast(record, _code.voidptr_t), read, stays, of_values])
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen


def _nothing(_array: Any, _index: int) -> None:
    """Where nothing is compiled there is nothing to ask for."""


prefetch: Final[Callable[[Any, int], None]] = _nothing if _config.DISABLE_JIT else cast("Any", intrinsic(_prefetch))


def compiled(function: F) -> F:
    """Compile once and keep it on disk; exact (no fastmath), and other threads run meanwhile.

    Without numba's reference counts (`_nrt`): nothing here allocates or returns an array, and counting at each inner
    call made an event cost twice as much.
    """
    return cast("F", JIT(cache=True, nogil=True, fastmath=False, _nrt=False)(function))


def inlined(function: F) -> F:
    """As `compiled`, and part of its callers: a call passes every array of the state on the stack, 100 ns or more."""
    return cast("F", JIT(cache=True, nogil=True, fastmath=False, _nrt=False, forceinline=True)(function))
