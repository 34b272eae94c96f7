/* The loops of twister.c. No include guard on purpose. None of them reads within eight words of
 * what it writes, so they become vector code. */

/* key[i] for from <= i < to, of the words `ahead` from them (back, where that is negative). */
TARGET static void NAME(renew_part)(uint32_t *key, ptrdiff_t from, ptrdiff_t to, ptrdiff_t ahead)
{
    IVDEP
    for (ptrdiff_t i = from; i < to; i++) {
        const uint32_t bits = (key[i] & UPPER) | (key[i + 1] & ~UPPER);
        key[i] = key[i + ahead] ^ (bits >> 1) ^ (-(bits & 1) & TWIST);
    }
}

TARGET static void NAME(renew)(uint32_t *key)
{
    NAME(renew_part)(key, 0, WORDS - MIDDLE, MIDDLE);
    NAME(renew_part)(key, WORDS - MIDDLE, WORDS - 1, MIDDLE - WORDS);
    const uint32_t bits = (key[WORDS - 1] & UPPER) | (key[0] & ~UPPER);
    key[WORDS - 1] = key[MIDDLE - 1] ^ (bits >> 1) ^ (-(bits & 1) & TWIST);
}

TARGET static void NAME(temper)(ptrdiff_t n, const uint32_t *restrict key, uint32_t *restrict out)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        uint32_t word = key[i];
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c5680u;
        word ^= (word << 15) & 0xefc60000u;
        out[i] = word ^ (word >> 18);
    }
}

TARGET static ptrdiff_t NAME(twister)(uint32_t *key, ptrdiff_t position, ptrdiff_t n,
                                      uint32_t *out)
{
    while (n > 0) {
        if (position == WORDS) {
            NAME(renew)(key);
            position = 0;
        }
        const ptrdiff_t count = n < WORDS - position ? n : WORDS - position;
        NAME(temper)(count, key + position, out);
        position += count;
        out += count;
        n -= count;
    }
    return position;
}
