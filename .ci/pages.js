// Opens each file at each width in both colour schemes, lets axe-core look at it, measures whether it is too wide, and takes a
// picture of what is seen. pages.js LIST-OF-FILES FOLDER-OF-PICTURES
"use strict";
const { mkdirSync, readFileSync } = require("node:fs");
const { join, relative, resolve } = require("node:path");
const { pathToFileURL } = require("node:url");
const puppeteer = require("puppeteer-core");

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = [320, 600, 1280];
const SCHEMES = ["light", "dark"];
// Pictures are cut here: a whole report at phone width is longer than a browser draws at once.
const TALLEST = 8000;
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

// What is wrong with a file, as text with the views in which it is; and how many views there were.
async function problems(page, file, picture) {
  const found = new Map();
  let views = 0;
  const note = (problem, where) => found.set(problem, [...(found.get(problem) || []), where]);
  const look = async (where) => {
    views += 1;
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
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    const clip = { x: 0, y: 0, width: page.viewport().width, height: Math.min(height, TALLEST) };
    await page.screenshot({ path: `${picture}-${where.replaceAll(" ", "-")}.png`, clip, captureBeyondViewport: true });
  };
  await page.emulateMediaFeatures([]);
  await page.goto(pathToFileURL(resolve(file)).href, { waitUntil: "load" });
  // What is folded away must be readable as well.
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
  await page.evaluate(axe);
  for (const scheme of SCHEMES) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    for (const width of WIDTHS) {
      await page.setViewport({ width, height: 900 });
      await look(`${width} ${scheme}`);
    }
  }
  const pictures = await page.evaluate(() => [...document.querySelectorAll("img")].map((img) => img.removeAttribute("src")).length);
  if (pictures > 0) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
    await page.setViewport({ width: 600, height: 900 });
    await look("600 pictures off");
  }
  return { found, views };
}

async function main() {
  const files = readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean);
  const folder = process.argv[3];
  mkdirSync(folder, { recursive: true });
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  let [count, views] = [0, 0];
  try {
    const page = await browser.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("requestfailed", (request) => errors.push(`not loaded: ${request.url()} (${request.failure()?.errorText})`));
    for (const file of files) {
      errors.length = 0;
      const picture = join(folder, relative(".", file).replace(/^target\//, "").replace(/\.html$/, "").replaceAll("/", "-"));
      const { found, views: seen } = await problems(page, file, picture);
      views += seen;
      for (const error of errors) found.set(`script or file: ${error}`, ["all"]);
      for (const [problem, where] of found) console.log(`${file}\n  ${problem}\n      at ${where.join(", ")}`);
      count += found.size;
    }
  } finally {
    await browser.close();
  }
  console.log(`pages: ${files.length} files, ${views} views (${WIDTHS.join(", ")} wide, ${SCHEMES.join(" and ")}, pictures off), ${count} violations; screenshots in ${folder}`);
  process.exitCode = count === 0 ? 0 : 1;
}

main().catch((error) => { console.error(error); process.exitCode = 2; });
