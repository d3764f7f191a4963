// The pipeline my-pipeline: `gofer up` runs this program and registers the document that it prints. It uses the standard library alone.
// The SDK of the original Gofer, github.com/clintjedwards/gofer/sdk/go/config, works unchanged too: what its Finish prints is such a document.
package main

import (
	"encoding/json"
	"os"
)

// Pipeline has the members of the document that are used here; the schema lists all of them.
type Pipeline struct {
	ID          string  `json:"id"`
	Description string  `json:"description,omitempty"`
	Params      []Param `json:"params,omitempty"`
	Tasks       []Task  `json:"tasks"`
}

// Param is what a run may give.
type Param struct {
	Name        string `json:"name"`
	Default     string `json:"default"`
	Description string `json:"description,omitempty"`
}

// Task is a container; DependsOn says what each parent must come to: success, failure or any.
type Task struct {
	ID        string            `json:"id"`
	Image     string            `json:"image"`
	Command   []string          `json:"command,omitempty"`
	Variables map[string]string `json:"variables,omitempty"`
	DependsOn map[string]string `json:"depends_on,omitempty"`
	Retry     *Retry            `json:"retry,omitempty"`
}

// Retry says how often a task is tried.
type Retry struct {
	MaxAttempts int `json:"max_attempts"`
}

func script(id, script string) Task {
	return Task{ID: id, Image: "busybox:latest", Command: []string{"sh", "-c", script}}
}

func main() {
	hello := script("hello", `echo "Hello, $WHO!"`)
	hello.Variables = map[string]string{"WHO": "param{{who}}"}
	tasks := []Task{hello}

	report := script("report", "echo all is well")
	report.DependsOn = map[string]string{}
	for _, name := range []string{"style", "tests"} {
		check := script("check-"+name, "echo checking "+name)
		check.DependsOn = map[string]string{hello.ID: "success"}
		check.Retry = &Retry{MaxAttempts: 3}
		report.DependsOn[check.ID] = "success"
		tasks = append(tasks, check)
	}

	output := json.NewEncoder(os.Stdout)
	output.SetIndent("", "  ")
	output.SetEscapeHTML(false)
	if err := output.Encode(Pipeline{
		ID:          "my-pipeline",
		Description: "Says hello, checks two things side by side, and reports.",
		Params:      []Param{{Name: "who", Default: "world", Description: "Who is greeted."}},
		Tasks:       append(tasks, report),
	}); err != nil {
		panic(err)
	}
}
