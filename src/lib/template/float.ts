/** Go's `%g`: `precision` significant digits (-1: as many as needed), exponent form for large and small ones. */
export function formatG(value: number, precision: number): string {
  if (value === 0) return "0";
  const [mantissa = "", exponentText = "0"] = (
    precision < 0 ? value.toExponential() : value.toExponential(Math.max(precision, 1) - 1)
  ).split("e");
  const exponent = Number(exponentText);
  const digits = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  const significant = digits.replace(/[-.]/g, "").length;
  const top = precision < 0 ? 6 : Math.max(precision, 1);
  if (exponent < -4 || exponent >= top) {
    return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const places = Math.max(0, significant - 1 - exponent);
  return Number(`${mantissa}e${exponent}`).toFixed(places);
}
