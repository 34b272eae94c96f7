// The elementary functions that generated code calls: what engine/core/maths.py is to Python.
//
// Where JavaScript's own function answers as the C library does, it is taken as it is. The rest is
// written here, each with the reason why. No derivatives in this file.

const maths = (() => {
  const { abs, acos, acosh, asin, asinh, atan, atan2, atanh, ceil, cos, cosh, exp, expm1, floor,
    hypot, log, log10, log1p, log2, sin, sinh, sqrt, tan, tanh, trunc } = Math;

  // C's pow says that 1 to any power is 1, NaN and infinity included, and so of -1 to an infinite
  // one; JavaScript's ** says NaN to both.
  const power = (x, y) => (x === 1 || (x === -1 && abs(y) === Infinity) ? 1 : x ** y);

  // NaN on either side wins, as in NumPy; of a zero and a negative zero the second is taken.
  const maximum = (x, y) => (x > y || x !== x ? x : y);
  const minimum = (x, y) => (x < y || x !== x ? x : y);

  // Of NaN and of a negative zero it is 0, as in engine/core/maths.py; Math.sign keeps both.
  const sign = (x) => Number(x > 0) - Number(x < 0);

  // Halves to the even neighbour, where Math.round takes them up. From 2**52 on there are no
  // halves, and below it an addition of 2**52 rounds away whatever stands behind the point.
  const rint = (x) => {
    if (!(abs(x) < 2 ** 52)) return x;
    const rounded = abs(x) + 2 ** 52 - 2 ** 52;
    return x < 0 || Object.is(x, -0) ? -rounded : rounded;
  };

  const where = (condition, x, y) => (condition ? x : y);
  const divide = (x, y) => x / y;

  // JavaScript's % is C's fmod. Python's has the sign of y, and so has its 0; its // is the quotient
  // without that remainder, made whole where rounding left it beside a whole number.
  const fmod = (x, y) => x % y;
  const remainder = (x, y) => {
    const left = x % y;
    if (left === 0) return y < 0 ? -0 : 0;
    return (y < 0) !== (left < 0) ? left + y : left;
  };
  const floor_divide = (x, y) => {
    if (y === 0) return x / y;
    const left = x % y;
    const quotient = (x - left) / y - (left !== 0 && (y < 0) !== (left < 0) ? 1 : 0);
    if (quotient === 0) return x / y < 0 || Object.is(x / y, -0) ? -0 : 0;
    const whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
  };

  // The error function, as in csrc/fused_curves.h and with the polynomials fitted by
  // csrc/erf_coefficients.py, lowest power first:
  //     |x| < 1    erf(x) = x + x * near(x * x)
  //     |x| >= 1   erf(x) = 1 - exp(-far(|x| - 1)), with the sign of x
  const NEAR = [
    0.12837916709551256, -0.3761263890318355, 0.11283791670945253, -0.02686617064327622,
    0.005223977607423468, -0.0008548325989696758, 0.00012055295320494294,
    -1.4924744663335489e-05, 1.6447517677871873e-06, -1.6209175911748696e-07,
    1.3722976265924504e-08, -7.801188874097751e-10,
  ];
  const FAR = [
    1.8496055099332482, 2.6389675142347757, 0.8431072563594125, 0.04156109802508145,
    -0.010033825179139396, 0.001977901215951525, -0.0002373164355355003,
    -2.629632450070064e-05, 2.719896772650712e-05, -9.67137015825881e-06,
    2.131933258785634e-06, -2.0480738630882018e-07, -5.801387281568131e-08,
    3.3392081424477004e-08, -8.518981305054246e-09, 1.3191384745935088e-09,
    -1.193295085406863e-10, 4.865188296302495e-12,
  ];
  const polynomial = (coefficients, x) => coefficients.reduceRight((sum, c) => sum * x + c, 0);
  const erf = (x) => {
    if (x !== x) return x;
    const a = abs(x);
    if (a < 1) return x + x * polynomial(NEAR, x * x);
    // From 6 on the result rounds to 1.
    const size = a > 6 ? 1 : 1 - exp(-polynomial(FAR, a - 1));
    return x < 0 ? -size : size;
  };

  return { absolute: abs, acos, acosh, asin, asinh, atan, atan2, atanh, ceil, cos, cosh, divide, erf,
    exp, expm1, floor, floor_divide, fmod, hypot, log, log10, log1p, log2, maximum, minimum, power,
    remainder, rint, sign, sin, sinh, sqrt, tan, tanh, trunc, where };
})();
