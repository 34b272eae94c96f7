/* The loop of normal.c. No include guard on purpose. Each loop is over the eight points of a block,
 * so that it becomes vector code: nothing in it branches. */

TARGET static void NAME(normal)(ptrdiff_t blocks, const uint32_t *words, float mean, float std,
                                float *out)
{
    for (; blocks > 0; blocks--, words += BLOCK, out += BLOCK) {
        float radius[HALF];
        for (int j = 0; j < HALF; j++) {
            const float units = (float)(int32_t)(words[j] & 0xffffff) * 0x1p-24f;
            /* 1 - u = mantissa * 2^exponent, the mantissa from sqrt(1/2) to sqrt(2). */
            const int32_t bits = bits_of(1.0f - units);
            const int32_t exponent = (bits - root_half_bits) >> 23;
            const float x = of_bits(bits - (int32_t)((uint32_t)exponent << 23)) - 1.0f;
            float series = MULTIPLY_ADD(x, log_series[0], log_series[1]);
            series = MULTIPLY_ADD(series, x, log_series[2]);
            series = MULTIPLY_ADD(series, x, log_series[3]);
            series = MULTIPLY_ADD(series, x, log_series[4]);
            series = MULTIPLY_ADD(series, x, log_series[5]);
            series = MULTIPLY_ADD(series, x, log_series[6]);
            series = MULTIPLY_ADD(series, x, log_series[7]);
            series = MULTIPLY_ADD(series, x, log_series[8]);
            series *= x;
            const float count = (float)exponent, square = x * x;
            series = MULTIPLY_ADD(series, square, count * log2_low);
            series -= square * 0.5f;
            radius[j] = sqrtf(((x + series) + count * log2_high) * -2.0f);
        }
        for (int j = 0; j < HALF; j++) {
            const float units = (float)(int32_t)(words[HALF + j] & 0xffffff) * 0x1p-24f;
            const float angle = units * two_pi;
            const int32_t octant = ((int32_t)(angle * four_over_pi) + 1) & ~1;
            const float count = (float)octant;
            /* exact multiples: one rounding each */
            const float nearer = (angle - count * quarter_high) - count * quarter_middle;
            const float x = MULTIPLY_ADD(count, -quarter_low, nearer);
            const float square = x * x;
            float cos = MULTIPLY_ADD(square, cos_series[0], cos_series[1]);
            cos = MULTIPLY_ADD(cos, square, cos_series[2]) * square;
            cos = MULTIPLY_ADD(cos, square, square * -0.5f) + 1.0f;
            float sin = MULTIPLY_ADD(square, sin_series[0], sin_series[1]);
            sin = MULTIPLY_ADD(sin, square, sin_series[2]) * square;
            sin = MULTIPLY_ADD(sin, x, x);
            /* In every other quarter turn the two change places; the signs go round with the
             * quarters. */
            const int32_t swap = (bits_of(cos) ^ bits_of(sin)) & -((octant >> 1) & 1);
            const uint32_t sin_sign = (uint32_t)(octant & 4) << 29;
            const uint32_t cos_sign = (uint32_t)(~(octant - 2) & 4) << 29;
            const float across = of_bits((int32_t)((uint32_t)(bits_of(cos) ^ swap) ^ cos_sign));
            const float up = of_bits((int32_t)((uint32_t)(bits_of(sin) ^ swap) ^ sin_sign));
            out[j] = fmaf(across * radius[j], std, mean);
            out[HALF + j] = fmaf(up * radius[j], std, mean);
        }
    }
}
