"""Reading from a server: crawls, a clinician's own patients, the patient of a launch, a practice's export."""
