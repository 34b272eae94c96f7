/* Written by erf_coefficients.py; see there for what is fitted. Lowest power first. */

/* greatest error of the fit: 2^-57.0 */
static const double erf_near_float64[] = {
    0x1.06eba8214db68p-3,
    -0x1.812746b0379c2p-2,
    0x1.ce2f21a041018p-4,
    -0x1.b82ce312062bcp-6,
    0x1.565bccfa9a825p-8,
    -0x1.c02db072f3fe0p-11,
    0x1.f9a2bf73f0c68p-14,
    -0x1.f4ca94990cb86p-17,
    0x1.b9827b1885f9bp-20,
    -0x1.5c16e30fb0d45p-23,
    0x1.d784936618cc2p-27,
    -0x1.acdff90b8ebd8p-31,
};

/* greatest error of the fit: 2^-57.1 */
static const double erf_far_float64[] = {
    0x1.d97fbf27aa2a1p+0,
    0x1.51c9b0006c21ap+1,
    0x1.afabc11a2afd7p-1,
    0x1.5477f099b6e2fp-5,
    -0x1.48c9d37fc4871p-7,
    0x1.033f5a130fde1p-9,
    -0x1.f1b04a8aad25ap-13,
    -0x1.b92dda8e691adp-16,
    0x1.c852ad475f5a9p-16,
    -0x1.44846fe41cb04p-17,
    0x1.1e24ab42ec418p-19,
    -0x1.b7d20d254e15fp-23,
    -0x1.f255daffd737cp-25,
    0x1.1ed5f6aebb989p-25,
    -0x1.24b5c083f86a4p-27,
    0x1.6a9a1e2ba70b5p-30,
    -0x1.06688a90fbb02p-33,
    0x1.565b70d7d3bfbp-38,
};

/* greatest error of the fit: 2^-58.2 */
static const double erf_exp_float64[] = {
    0x1.0000000000000p+0,
    0x1.0000000000000p+0,
    0x1.0000000000010p-1,
    0x1.55555555554a2p-3,
    0x1.555555554f35dp-5,
    0x1.1111111130e48p-7,
    0x1.6c16c18785277p-10,
    0x1.a01a01103ff01p-13,
    0x1.a01992c5ce8b1p-16,
    0x1.71df453b5ffcdp-19,
    0x1.28b31c4a4d2c8p-22,
    0x1.ad6614120c55cp-26,
};

/* greatest error of the fit: 2^-29.7 */
static const float erf_near_float32[] = {
    0x1.06eba80000000p-3f,
    -0x1.81273e0000000p-2f,
    0x1.ce2d200000000p-4f,
    -0x1.b7fbb60000000p-6f,
    0x1.5419f80000000p-8f,
    -0x1.a485ea0000000p-11f,
    0x1.4ae49e0000000p-14f,
};

/* greatest error of the fit: 2^-35.5 */
static const float erf_far_float32[] = {
    0x1.d97fc00000000p+0f,
    0x1.51c9b00000000p+1f,
    0x1.afabbc0000000p-1f,
    0x1.547cf00000000p-5f,
    -0x1.4933bc0000000p-7f,
    0x1.07b65a0000000p-9f,
    -0x1.2f97680000000p-12f,
    0x1.6bd77a0000000p-16f,
};

/* greatest error of the fit: 2^-29.0 */
static const float erf_exp_float32[] = {
    0x1.0000000000000p+0f,
    0x1.0000000000000p+0f,
    0x1.fffffa0000000p-2f,
    0x1.55540a0000000p-3f,
    0x1.55589a0000000p-5f,
    0x1.126d1e0000000p-7f,
    0x1.6ab9660000000p-10f,
};
