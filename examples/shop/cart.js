/** Price of a cart in cents. `discount` is a share of the whole, taken off once. */
export function total(items, discount = 0) {
  const sum = items.reduce((cents, { price, count }) => cents + price * count, 0);
  return Math.round(sum * (1 - discount));
}
