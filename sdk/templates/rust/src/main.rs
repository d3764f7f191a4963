//! The pipeline my-pipeline: `gofer up` runs this program and registers the document that it prints. It uses the standard library alone.
//! The SDK of the original Gofer, the crate `gofer_sdk`, works unchanged too: what its `finish` prints is such a document.

/// A container task; `after` are the parents that must have succeeded.
struct Task {
    id: String,
    script: String,
    after: Vec<String>,
    members: String,
}

impl Task {
    fn new(id: &str, script: &str) -> Self {
        Task { id: id.into(), script: script.into(), after: Vec::new(), members: String::new() }
    }

    fn after(mut self, parents: &[&Task]) -> Self {
        self.after = parents.iter().map(|parent| parent.id.clone()).collect();
        self
    }

    /// Adds members of the document as they are written there.
    fn with(mut self, members: &str) -> Self {
        self.members = format!(", {members}");
        self
    }

    fn json(&self) -> String {
        let parents: Vec<String> = self.after.iter().map(|parent| format!("{}: \"success\"", quoted(parent))).collect();
        format!(
            "    {{ \"id\": {}, \"image\": \"busybox:latest\", \"command\": [\"sh\", \"-c\", {}], \"depends_on\": {{ {} }}{} }}",
            quoted(&self.id),
            quoted(&self.script),
            parents.join(", "),
            self.members
        )
    }
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            c if (c as u32) < 0x20 => json.push_str(&format!("\\u{:04x}", c as u32)),
            c => json.push(c),
        }
    }
    json + "\""
}

fn main() {
    let hello = Task::new("hello", "echo \"Hello, $WHO!\"").with(r#""variables": { "WHO": "param{{who}}" }"#);
    let mut tasks: Vec<Task> = ["style", "tests"]
        .iter()
        .map(|name| {
            Task::new(&format!("check-{name}"), &format!("echo checking {name}"))
                .after(&[&hello])
                .with(r#""retry": { "max_attempts": 3 }"#)
        })
        .collect();
    let report = Task::new("report", "echo all is well").after(&tasks.iter().collect::<Vec<_>>());
    tasks.insert(0, hello);
    tasks.push(report);

    println!("{{");
    println!("  \"id\": \"my-pipeline\",");
    println!("  \"description\": \"Says hello, checks two things side by side, and reports.\",");
    println!("  \"params\": [{{ \"name\": \"who\", \"default\": \"world\", \"description\": \"Who is greeted.\" }}],");
    println!("  \"tasks\": [\n{}\n  ]", tasks.iter().map(Task::json).collect::<Vec<_>>().join(",\n"));
    println!("}}");
}
