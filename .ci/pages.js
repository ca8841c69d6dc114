// Opens each file at each width in both colour schemes, lets axe-core look at it, and measures whether it is too wide.
"use strict";
const { readFileSync } = require("node:fs");
const { resolve } = require("node:path");
const { pathToFileURL } = require("node:url");
const puppeteer = require("puppeteer-core");

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = [320, 600, 1280];
const SCHEMES = ["light", "dark"];
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

// What is wrong with a file, as text with the widths and schemes in which it is.
async function problems(page, file) {
  const found = new Map();
  const note = (problem, where) => found.set(problem, [...(found.get(problem) || []), where]);
  await page.goto(pathToFileURL(resolve(file)).href, { waitUntil: "load" });
  // What is folded away must be readable as well.
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
  await page.evaluate(axe);
  for (const scheme of SCHEMES) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    for (const width of WIDTHS) {
      const where = `${width} ${scheme}`;
      await page.setViewport({ width, height: 900 });
      const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - window.innerWidth);
      if (wide > 0) note(`${wide} pixels wider than the screen`, where);
      const result = await page.evaluate((tags) => window.axe.run(document, {
        runOnly: { type: "tag", values: tags }, resultTypes: ["violations"],
        // It would load style sheets again, which a file may not.
        preload: false,
      }), TAGS);
      for (const violation of result.violations) {
        for (const node of violation.nodes) {
          note(`${violation.id} (${violation.impact}): ${node.target.join(" ")}\n      ${node.html.slice(0, 160)}\n      ${node.failureSummary.split("\n").slice(1).join(" ").trim().slice(0, 240)}`, where);
        }
      }
    }
  }
  return found;
}

async function main() {
  const files = readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean);
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  let count = 0;
  try {
    const page = await browser.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("requestfailed", (request) => errors.push(`not loaded: ${request.url()} (${request.failure()?.errorText})`));
    for (const file of files) {
      errors.length = 0;
      const found = await problems(page, file);
      for (const error of errors) found.set(`script or file: ${error}`, ["all"]);
      for (const [problem, where] of found) console.log(`${file}\n  ${problem}\n      at ${where.join(", ")}`);
      count += found.size;
    }
  } finally {
    await browser.close();
  }
  const views = files.length * WIDTHS.length * SCHEMES.length;
  console.log(`pages: ${files.length} files, ${views} views (${WIDTHS.join(", ")} wide, ${SCHEMES.join(" and ")}), ${count} violations`);
  process.exitCode = count === 0 ? 0 : 1;
}

main().catch((error) => { console.error(error); process.exitCode = 2; });
