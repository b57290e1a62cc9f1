"""MurmurHash3 for 64-bit machines with 128 bits of result, as Azure Cosmos DB hashes partition keys (version 2).

Only the arithmetic. Which bytes are hashed and what the result means stands in `keys`. It is written anew and not
taken from the SDK, so that a wrong hash in the SDK would be seen.
"""

_MASK = 0xFFFFFFFFFFFFFFFF
_C1 = 0x87C37B91114253D5
_C2 = 0x4CF5AD432745937F


def _rotate(value: int, by: int) -> int:
    return ((value << by) | (value >> (64 - by))) & _MASK


def _mixed(value: int) -> int:
    value ^= value >> 33
    value = (value * 0xFF51AFD7ED558CCD) & _MASK
    value ^= value >> 33
    value = (value * 0xC4CEB9FE1A85EC53) & _MASK
    return value ^ (value >> 33)


def murmur128(data: bytes) -> tuple[int, int]:
    """The two halves, low and high, of the hash with seed zero."""
    low = high = 0
    whole = len(data) & ~15
    for start in range(0, whole, 16):
        one = int.from_bytes(data[start : start + 8], "little")
        two = int.from_bytes(data[start + 8 : start + 16], "little")
        low ^= (_rotate((one * _C1) & _MASK, 31) * _C2) & _MASK
        low = (((_rotate(low, 27) + high) & _MASK) * 5 + 0x52DCE729) & _MASK
        high ^= (_rotate((two * _C2) & _MASK, 33) * _C1) & _MASK
        high = (((_rotate(high, 31) + low) & _MASK) * 5 + 0x38495AB5) & _MASK
    tail = data[whole:]
    high ^= (_rotate((int.from_bytes(tail[8:], "little") * _C2) & _MASK, 33) * _C1) & _MASK
    low ^= (_rotate((int.from_bytes(tail[:8], "little") * _C1) & _MASK, 31) * _C2) & _MASK
    low ^= len(data)
    high ^= len(data)
    low = (low + high) & _MASK
    high = (high + low) & _MASK
    low, high = _mixed(low), _mixed(high)
    low = (low + high) & _MASK
    return low, (high + low) & _MASK
