// dynamics-web-api, over plain HTTP: how its scenarios connect.
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";

const installed = createRequire(join(process.env.CLIENTS, "node", "package.json"));
const { DynamicsWebApi } = installed("dynamics-web-api");

export function connect(config = {}) {
    return new DynamicsWebApi({
        serverUrl: process.env.EMULATOR_URL,
        dataApi: { version: "9.2" },
        onTokenRefresh: async () => process.env.EMULATOR_TOKEN,
        ...config,
    });
}

export function mark() {
    return randomUUID().replaceAll("-", "").slice(0, 12);
}

export async function refused(promise) {
    try {
        await promise;
    } catch (error) {
        return error;
    }
    throw new Error("it was not refused");
}
