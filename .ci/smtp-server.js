// A real SMTP server for tests: STARTTLS on 2526, implicit TLS on 2466, PLAIN and LOGIN, mails kept as .eml files.
const fs = require("fs");
const path = require("path");
const { SMTPServer } = require("smtp-server");

const folder = __dirname;
let count = 0;

function options(secure) {
    return {
        secure,
        key: fs.readFileSync(path.join(folder, "key.pem")),
        cert: fs.readFileSync(path.join(folder, "cert.pem")),
        authMethods: ["PLAIN", "LOGIN"],
        onAuth(auth, session, done) {
            const good = auth.username === "driftline" && auth.password === "secret";
            done(good ? null : Object.assign(new Error("authentication failed"), { responseCode: 535 }), { user: "driftline" });
        },
        onRcptTo(address, session, done) {
            const gone = address.address.startsWith("nobody@");
            done(gone ? Object.assign(new Error("no such mailbox"), { responseCode: 550 }) : null);
        },
        onData(stream, session, done) {
            const parts = [];
            stream.on("data", (part) => parts.push(part));
            stream.on("end", () => {
                count += 1;
                const name = `${Date.now()}-${String(count).padStart(6, "0")}.eml`;
                fs.writeFileSync(path.join(folder, "mails", name), Buffer.concat(parts));
                done();
            });
        },
    };
}

for (const [secure, port] of [[false, 2526], [true, 2466]]) {
    const server = new SMTPServer(options(secure));
    // A client that hangs up must not take the server down.
    server.on("error", (error) => console.error(`smtp ${port}: ${error.message}`));
    server.listen(port, "127.0.0.1");
}
