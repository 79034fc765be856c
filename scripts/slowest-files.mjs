const MOST = 20;

/**
 * Where to look first when the tests take too long: the slowest files, slowest first, as lines. Files run beside each other, so
 * their times add up to more than the whole took.
 * @param {{ name: string, seconds: number }[]} files
 */
export function slowestFiles(files) {
  const slowest = files.toSorted((a, b) => b.seconds - a.seconds).slice(0, MOST);
  const lines = slowest.map(({ name, seconds }) => `${seconds.toFixed(1).padStart(8)} s  ${name}`);
  return lines.length === 0 ? [] : [`the slowest ${lines.length} of ${files.length} test files:`, ...lines];
}
