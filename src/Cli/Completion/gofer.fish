# Completion of gofer for fish: gofer completion fish > ~/.config/fish/completions/gofer.fish
function __gofer_complete
    set -l word (commandline -ct)
    set -l words (commandline -opc) "$word"
    set -l found (gofer complete -- $words[2..-1] 2>/dev/null)
    if test "$found[1]" = ":files"
        __fish_complete_path "$word"
    else if set -q found[1]
        printf '%s\n' $found
    end
end
complete -c gofer -f -a '(__gofer_complete)'
