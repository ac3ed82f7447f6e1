package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/local/sns"
)

const mailTime = "2006-01-02 15:04:05"

func mailCommand() *cobra.Command {
	var env environment
	var dir string
	var failed, raw, asJSON bool
	c := &cobra.Command{
		Use:   "mail [NUMBER…]",
		Short: "List the mails of the embedded SNS, or show some",
		Long: `List the mails of the embedded SNS, or show those with the numbers given. They are files in the directory's outbox,
so it doesn't matter whether a server runs there. With --failed, list the messages to http and https endpoints, and the mails
to the SMTP server, that could not be delivered, and those that are to be tried again.`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if dir == "" {
				if dir, err = env.localDir(); err != nil {
					return err
				}
			}
			out := cmd.OutOrStdout()
			switch {
			case failed && (raw || len(args) > 0):
				return usageErrorf("--failed takes no numbers and no --raw")
			case failed:
				return listDeliveries(out, dir, asJSON)
			case raw && asJSON:
				return usageErrorf("--raw and --json exclude each other")
			case raw && len(args) == 0:
				return usageErrorf("--raw takes the numbers of mails")
			}
			mails, err := local.Mails(dir)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				if mails, err = chosenMails(mails, args); err != nil {
					return err
				}
			}
			switch {
			case raw:
				return rawMails(out, dir, mails)
			case asJSON:
				return linesOf(out, mails)
			case len(args) > 0:
				return showMails(out, mails)
			}
			return listMails(out, mails)
		},
	}
	env.dataFlags(c.Flags())
	c.Flags().StringVar(&dir, "dir", "", "where streams, topics and mails are kept (default DATA-DIR/local)")
	c.Flags().BoolVar(&failed, "failed", false, "list what could not be delivered, and what is to be tried again")
	c.Flags().BoolVar(&raw, "raw", false, "print mails as they go over the wire")
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object per line")
	return c
}

// mailNumber is the number that a mail's file begins with, without zeros.
func mailNumber(m sns.Mail) string {
	digits, _, _ := strings.Cut(m.File, "-")
	return strings.TrimLeft(digits, "0")
}

// chosenMails finds mails by number, or by the names of their files.
func chosenMails(mails []sns.Mail, args []string) ([]sns.Mail, error) {
	byNumber := map[string]sns.Mail{}
	for _, m := range mails {
		byNumber[mailNumber(m)] = m
		byNumber[m.File] = m
	}
	var chosen []sns.Mail
	for _, arg := range args {
		if n, err := strconv.Atoi(arg); err == nil {
			arg = strconv.Itoa(n)
		}
		m, ok := byNumber[arg]
		if !ok {
			return nil, usageErrorf("there is no mail %s; weir local mail lists them", arg)
		}
		chosen = append(chosen, m)
	}
	return chosen, nil
}

func listMails(out io.Writer, mails []sns.Mail) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MAIL\tDATE\tTO\tSUBJECT")
	for _, m := range mails {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", mailNumber(m), m.Date.Format(mailTime), m.To, m.Subject)
	}
	return w.Flush()
}

func showMails(out io.Writer, mails []sns.Mail) error {
	for i, m := range mails {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if _, err := fmt.Fprintf(out, "From: %s\nTo: %s\nSubject: %s\nDate: %s\nTopic: %s\nMessage-Id: %s\n\n%s", m.From, m.To, m.Subject, m.Date.Format(mailTime), m.TopicARN, m.MessageID, m.Body); err != nil {
			return err
		}
	}
	return nil
}

func rawMails(out io.Writer, dir string, mails []sns.Mail) error {
	for _, m := range mails {
		text, err := local.ReadMail(dir, m.File)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("mail %s has been taken out of the outbox meanwhile", mailNumber(m))
		}
		if err != nil {
			return err
		}
		if _, err := out.Write(text); err != nil {
			return err
		}
	}
	return nil
}

func listDeliveries(out io.Writer, dir string, asJSON bool) error {
	all, err := local.Deliveries(dir)
	if err != nil {
		return err
	}
	if asJSON {
		return linesOf(out, all)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PUBLISHED\tTO\tTOPIC\tATTEMPTS\tNEXT\tERROR")
	for _, d := range all {
		next := "never"
		if !d.Failed {
			next = d.Due.Format(mailTime)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", d.Published.Format(mailTime), d.Endpoint, topicName(d.TopicARN), d.Attempts, next, d.Error)
	}
	return w.Flush()
}

func linesOf[T any](out io.Writer, all []T) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	for _, x := range all {
		if err := e.Encode(x); err != nil {
			return err
		}
	}
	return nil
}
