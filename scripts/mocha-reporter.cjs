// Mocha takes one reporter; this one is two: the tree a person reads, and the counts as JSON in a file.
const { writeFileSync } = require("node:fs");
const { reporters, Runner } = require("mocha");

const { EVENT_RUN_BEGIN, EVENT_TEST_END, EVENT_RUN_END } = Runner.constants;

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const { output } = options.reporterOptions;
    const write = (ended) => {
      const { passes, failures, pending } = this.stats;
      writeFileSync(output, JSON.stringify({ ended, passes, failures, pending }));
    };
    // After each test as well: a process that dies midway must not take the count of what it ran with it.
    runner.on(EVENT_RUN_BEGIN, () => write(false));
    runner.on(EVENT_TEST_END, () => write(false));
    runner.on(EVENT_RUN_END, () => write(true));
  }
};
