// Runs the scenarios of a file and prints how each ended; it knows no client.
import { pathToFileURL } from "node:url";

const scenarios = await import(pathToFileURL(process.argv[2]).href);
for (const [name, scenario] of Object.entries(scenarios)) {
    let error = null;
    try {
        await scenario();
    } catch (problem) {
        error = `${problem?.stack ?? problem} ${JSON.stringify(problem)}`.slice(0, 4000);
    }
    console.log(JSON.stringify({ name, error }));
}
