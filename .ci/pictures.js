// Takes the README's pictures and writes down what they say. pictures.js MAILS SITE OUT
"use strict";
const { existsSync, writeFileSync } = require("node:fs");
const { join, resolve } = require("node:path");
const { pathToFileURL } = require("node:url");
const puppeteer = require("puppeteer-core");

const [mails, site, out] = process.argv.slice(2);
// What is shown: from the top of the first element of `part` on, so many pixels of it.
const PICTURES = [
  { name: "mail", file: join(mails, "gb-2011Q1-everyone.html"), part: "body", width: 660, height: 1400 },
  { name: "quiet", file: join(mails, "us-2017Q4-everyone.html"), part: "body", width: 660, height: 660 },
  { name: "report", file: join(site, "us", "reports", "2017Q4-whole.html"), part: "#personas", width: 1100, height: 1400 },
  { name: "site", file: join(site, "index.html"), part: "body", width: 1180, height: 1000 },
];

async function main() {
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  try {
    const page = await browser.newPage();
    for (const { name, file, part, width, height } of PICTURES) {
      if (!existsSync(file)) {
        console.log(`not taken: ${name}; there is no ${file}`);
        continue;
      }
      await page.setViewport({ width, height });
      await page.goto(pathToFileURL(resolve(file)).href, { waitUntil: "load" });
      const top = await page.$eval(part, (element) => element.getBoundingClientRect().top + window.scrollY);
      await page.screenshot({ path: join(out, `${name}.png`), clip: { x: 0, y: top, width, height }, captureBeyondViewport: true });
      const words = await page.$eval(part, (element) => element.innerText.replace(/[ \t]+$/gm, "").trim());
      // It follows every file of the project and says nothing to a reader.
      const lasting = words.replace(/content id [0-9a-f]+/g, "content id …");
      writeFileSync(join(out, `${name}.txt`), `${lasting}\n`);
    }
  } finally {
    await browser.close();
  }
}

main().catch((error) => { console.error(error); process.exitCode = 2; });
