// A real SMTP server for tests: STARTTLS on 2526, implicit TLS on 2466, PLAIN, LOGIN and XOAUTH2, mails kept as .eml files.
// Recipients choose what happens: nobody@ does not exist (550), later@ is busy (451), drops@ is taken and the line breaks
// before the answer.
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
        authMethods: ["PLAIN", "LOGIN", "XOAUTH2"],
        onAuth(auth, session, done) {
            const good = auth.username === "driftline" && (auth.password === "secret" || auth.accessToken === "token");
            done(good ? null : Object.assign(new Error("authentication failed"), { responseCode: 535 }), { user: "driftline" });
        },
        onRcptTo(address, session, done) {
            const refusals = { nobody: [550, "no such mailbox"], later: [451, "try again later"] };
            const refusal = refusals[address.address.split("@")[0]];
            done(refusal ? Object.assign(new Error(refusal[1]), { responseCode: refusal[0] }) : null);
        },
        onData(stream, session, done) {
            const parts = [];
            stream.on("data", (part) => parts.push(part));
            stream.on("end", () => {
                count += 1;
                const name = `${Date.now()}-${String(count).padStart(6, "0")}.eml`;
                fs.writeFileSync(path.join(folder, "mails", name), Buffer.concat(parts));
                if (session.envelope.rcptTo.some((to) => to.address.startsWith("drops@"))) {
                    for (const connection of servers.flatMap((server) => [...server.connections])) {
                        if (connection.session === session || connection.session.id === session.id) connection._socket.destroy();
                    }
                    return;
                }
                done();
            });
        },
    };
}

const servers = [];
for (const [secure, port] of [[false, 2526], [true, 2466]]) {
    const server = new SMTPServer(options(secure));
    servers.push(server);
    // A client that hangs up must not take the server down.
    server.on("error", (error) => console.error(`smtp ${port}: ${error.message}`));
    server.listen(port, "127.0.0.1");
}
