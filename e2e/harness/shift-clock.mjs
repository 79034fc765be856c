/** Loaded into an API process with `node --import`: shifts its clock by CVAULT_TEST_CLOCK_MS. */
const shift = Number(process.env.CVAULT_TEST_CLOCK_MS);
const RealDate = Date;

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + shift);
    else super(...args);
  }

  static now() {
    return RealDate.now() + shift;
  }
};
