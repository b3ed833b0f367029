// Calculates the prescriptions of an export, and those that were transmitted, with fqm-execution: node fqm.mjs FOLDER.
// Patients are calculated in groups, so that memory does not grow with the export. Reading and making Bundles is not
// counted: prints as JSON the CPU seconds before and after the calculation, resources, patients and totals.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fqm from "fqm-execution";

const TYPES = ["Patient", "MedicationRequest", "Provenance"];
const TOGETHER = 200;
const here = new URL(".", import.meta.url);
const folder = process.argv[2];

const population = (code, expression) => ({
  code: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/measure-population", code }] },
  criteria: { language: "text/cql-identifier", expression },
});

const measure = {
  resourceType: "Measure",
  id: "e-prescribing",
  url: "http://example.org/Measure/e-prescribing",
  status: "active",
  library: ["http://example.org/Library/EPrescribing"],
  effectivePeriod: { start: "2025-01-01", end: "2026-12-31" },
  extension: [
    { url: "http://hl7.org/fhir/us/cqfmeasures/StructureDefinition/cqfm-populationBasis", valueCode: "MedicationRequest" },
  ],
  scoring: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/measure-scoring", code: "proportion" }] },
  group: [
    {
      population: [
        population("initial-population", "Prescriptions"),
        population("denominator", "Prescriptions"),
        population("numerator", "Transmitted"),
      ],
    },
  ],
};

const library = {
  resourceType: "Library",
  id: "EPrescribing",
  url: "http://example.org/Library/EPrescribing",
  name: "EPrescribing",
  version: "1.0.0",
  status: "active",
  type: { coding: [{ code: "logic-library" }] },
  content: [
    { contentType: "application/elm+json", data: readFileSync(new URL("e-prescribing.elm.json", here)).toString("base64") },
  ],
};

const bundled = (resources) => ({
  resourceType: "Bundle",
  type: "collection",
  entry: resources.map((resource) => ({ fullUrl: `urn:${resource.resourceType}-${resource.id}`, resource })),
});

const linesOf = (type) =>
  readFileSync(join(folder, `${type}.ndjson`), "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));

const byPatient = () => {
  const bundles = new Map();
  const orders = new Map();
  for (const type of TYPES) {
    for (const one of linesOf(type)) {
      const [kind, id] = (one.subject?.reference ?? one.target?.[0].reference ?? "").split("/");
      const patient = type === "Patient" ? one.id : kind === "Patient" ? id : orders.get(id);
      if (type === "MedicationRequest") orders.set(one.id, patient);
      if (!bundles.has(patient)) bundles.set(patient, []);
      bundles.get(patient).push(one);
    }
  }
  return [...bundles.values()];
};

const seconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const patients = byPatient();
const counted = { patients: patients.length, resources: patients.flat().length, prescribed: 0, transmitted: 0 };
const measureBundle = bundled([measure, library]);
const options = {
  measurementPeriodStart: "2025-01-01",
  measurementPeriodEnd: "2026-12-31",
  calculateHTML: false,
  calculateSDEs: false,
  calculateClauseCoverage: false,
  trustMetaProfile: false,
  verboseCalculationResults: false,
};
const isIn = (episode, what) => episode.populationResults.some((p) => p.populationType === what && p.result);

const prepared = seconds();
for (let first = 0; first < patients.length; first += TOGETHER) {
  const bundles = patients.slice(first, first + TOGETHER).map(bundled);
  const { results } = await fqm.Calculator.calculate(measureBundle, bundles, options);
  for (const { detailedResults, populationGroups } of results) {
    for (const episode of (detailedResults ?? populationGroups).flatMap((group) => group.episodeResults ?? [])) {
      counted.prescribed += isIn(episode, "denominator");
      counted.transmitted += isIn(episode, "numerator");
    }
  }
}
console.log(JSON.stringify({ prepared, done: seconds(), counted }));
